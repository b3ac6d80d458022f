package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The scenarios of goroutines: starting, waiting, computing, waking.

func create(n int) int {
	done := make(chan int)
	var next func(left int)
	next = func(left int) {
		if left == 0 {
			done <- n
			return
		}
		go next(left - 1)
	}
	go next(n)
	return <-done
}

// tasks starts a goroutine for each of n empty tasks and waits for its answer, from so many goroutines at once.
func tasks(inFlight int) run {
	return func(n int) int {
		var left, done atomic.Int64
		left.Store(int64(n))
		var lines sync.WaitGroup
		for range inFlight {
			lines.Add(1)
			go func() {
				defer lines.Done()
				answer := make(chan struct{}, 1)
				for left.Add(-1) >= 0 {
					go func() { answer <- struct{}{} }()
					<-answer
					done.Add(1)
				}
			}()
		}
		lines.Wait()
		return int(done.Load())
	}
}

// forkJoin grows a binary tree of n goroutines, each of which waits for those below it, and answers how many there were.
func forkJoin(n int) int {
	answer := make(chan int, 1)
	go grow(n, answer)
	return <-answer
}

func grow(nodes int, answer chan<- int) {
	left := (nodes - 1) / 2
	below := make(chan int, 2)
	parts := 0
	for _, part := range [...]int{left, nodes - 1 - left} {
		if part > 0 {
			parts++
			go grow(part, below)
		}
	}
	grown := 1
	for range parts {
		grown += <-below
	}
	answer <- grown
}

func parked(count int, inUse func() float64) float64 {
	channel := make(chan int)
	before := inUse()
	var woken sync.WaitGroup
	woken.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			<-channel
			woken.Done()
		}()
	}
	after := inUse()
	close(channel)
	woken.Wait()
	return (after - before) / float64(count)
}

func heapInUse() float64 {
	settle()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapInuse + stats.StackInuse)
}

func rss() float64 {
	settle()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(statm)[1]))
	if err != nil {
		panic(err)
	}
	return float64(pages * os.Getpagesize())
}

func settle() {
	for range 3 {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
}

const parts = 64

func countPrimes(from, to int) int {
	primes := 0
	for n := max(from, 2); n < to; n++ {
		// As wide as JavaScript's engine divides.
		divisor := int32(2)
		for divisor*divisor <= int32(n) && int32(n)%divisor != 0 {
			divisor++
		}
		if divisor*divisor > int32(n) {
			primes++
		}
	}
	return primes
}

func fanOut(limit int) float64 {
	all := func(n int) int {
		size := (n + parts - 1) / parts
		counts := make(chan int, parts)
		for i := range parts {
			go func() { counts <- countPrimes(i*size, min((i+1)*size, n)) }()
		}
		primes := 0
		for range parts {
			primes += <-counts
		}
		return primes
	}
	if all(100) != 25 || all(1000) != 168 || all(limit/10) == 0 {
		panic("wrong result")
	}
	start := time.Now()
	primes := all(limit)
	took := time.Since(start)
	if limit == 2_000_000 && primes != 148_933 {
		panic(fmt.Sprintf("wrong result: %d", primes))
	}
	return float64(took.Nanoseconds()) / 1e6
}

func wakeUps(count int, p float64) float64 {
	there, back := make(chan int, 1), make(chan time.Time, 1)
	go func() {
		for range there {
			back <- time.Now()
		}
	}()
	wakeUp := func() float64 {
		sent := time.Now()
		there <- 1
		return float64((<-back).Sub(sent).Nanoseconds()) / 1000
	}
	for range 2000 {
		wakeUp()
	}
	var times []float64
	for range count {
		time.Sleep(2 * time.Millisecond)
		times = append(times, wakeUp())
	}
	close(there)
	return quantile(times, p)
}

func idleCPU(ms int) float64 {
	channel := make(chan int)
	for range 2 {
		go func() { <-channel }()
	}
	time.Sleep(500 * time.Millisecond)
	before := cpuMicroseconds()
	time.Sleep(time.Duration(ms) * time.Millisecond)
	took := cpuMicroseconds() - before
	close(channel)
	return took * 1000 / float64(ms)
}

func cpuMicroseconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}
