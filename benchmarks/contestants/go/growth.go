package main

import (
	"os"
	"strconv"
	"sync"
)

// The scenarios in which cost must grow as the work. The third argument is the size.

const trial = 200

func size() int {
	value, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	return value
}

// growMessages sends messages `size` at a time, as often as makes count, but once at least.
func growMessages(capacity int) func(count int) float64 {
	return func(count int) float64 {
		n := size()
		if count > trial {
			count = max(count, n)
		}
		program := prodCons(capacity)
		return nsEach(count, func(total int) int {
			sum := 0
			for left := total; left > 0; left -= n {
				sum += program(min(n, left))
			}
			return sum
		}, func(total int) int {
			sum := 0
			for left := total; left > 0; left -= n {
				sum += sumBelow(min(n, left))
			}
			return sum
		})
	}
}

func one(int) int { return 1 }

// inTurns answers so many messages for width receivers in turn that making channels and goroutines does not count.
func inTurns(count, width int) int {
	unit := warmUps * width
	if count <= trial {
		return unit
	}
	return max(10, (count+unit-1)/unit) * unit
}

func growChannels(count int) float64 {
	width := size()
	return nsEach(inTurns(count, width), func(n int) int {
		rounds := (n + width - 1) / width
		channels := make([]chan int, width)
		var ended sync.WaitGroup
		for i := range channels {
			channels[i] = make(chan int)
			ended.Add(1)
			go func() {
				defer ended.Done()
				if receiveAll(channels[i], rounds) != rounds {
					panic("wrong result")
				}
			}()
		}
		for range rounds {
			for _, channel := range channels {
				channel <- 1
			}
		}
		ended.Wait()
		return 1
	}, one)
}

func growWaiters(count int) float64 {
	width := size()
	return nsEach(inTurns(count, width), func(n int) int {
		rounds := (n + width - 1) / width
		channel := make(chan int)
		var ended sync.WaitGroup
		for range width {
			ended.Add(1)
			go func() {
				defer ended.Done()
				if receiveAll(channel, rounds) != rounds {
					panic("wrong result")
				}
			}()
		}
		for range rounds * width {
			channel <- 1
		}
		ended.Wait()
		return 1
	}, one)
}

func parkAndWake(n int) int {
	channel := make(chan int)
	woken := make(chan int, 1024)
	for range n {
		go func() { woken <- <-channel }()
	}
	go func() {
		for range n {
			channel <- 1
		}
	}()
	return receiveAll(woken, n)
}
