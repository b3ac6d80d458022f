// The Go side of the comparison: `contestant <scenario> <count> [<size or kind>]` does the scenario once, as measure.ts does, and prints what one
// operation took. GOMAXPROCS says on how many processors.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

// A run does n operations and answers their checksum.
type run func(n int) int

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	addCrossbeam()
	addPayloads()
	fmt.Println(scenarios[os.Args[1]](count))
}

var scenarios = map[string]func(count int) float64{
	"chan/pair-try":         func(count int) float64 { return nsEach(count, pairTry, sumBelow) },
	"chan/pair-await":       func(count int) float64 { return nsEach(count, pair, sumBelow) },
	"chan/stream":           func(count int) float64 { return nsEach(count, prodCons(1024), sumBelow) },
	"go/fork-join":          func(count int) float64 { return nsEach(count, forkJoin, itself) },
	"go/in-flight":          func(count int) float64 { return nsEach(count, tasks(1000), itself) },
	"go/one-at-a-time":      func(count int) float64 { return nsEach(count, tasks(1), itself) },
	"go/parked-heap":        func(count int) float64 { return parked(count, heapInUse) },
	"go/parked-rss":         func(count int) float64 { return parked(count, rss) },
	"go/fan-out":            fanOut,
	"wake/p50":              func(count int) float64 { return wakeUps(count, 0.5) },
	"wake/p99":              func(count int) float64 { return wakeUps(count, 0.99) },
	"wake/idle-cpu":         idleCPU,
	"chan/uncontended":      func(count int) float64 { return nsEach(count, uncontended, func(n int) int { return 4950 * n }) },
	"chan/sync":             func(count int) float64 { return nsEach(count, rendezvous, itself) },
	"chan/prod-cons-0":      func(count int) float64 { return nsEach(count, prodCons(0), sumBelow) },
	"chan/prod-cons-10":     func(count int) float64 { return nsEach(count, prodCons(10), sumBelow) },
	"chan/prod-cons-100":    func(count int) float64 { return nsEach(count, prodCons(100), sumBelow) },
	"chan/ping-pong":        func(count int) float64 { return nsEach(count, pingPong, sumBelow) },
	"select/uncontended":    func(count int) float64 { return nsEach(count, selectUncontended, itself) },
	"chan/popular":          func(count int) float64 { return nsEach(count, popular, itself) },
	"select/prod-cons":      func(count int) float64 { return nsEach(count, selectProdCons, itself) },
	"context/common-parent": func(count int) float64 { return nsEach(count, commonParent, itself) },
	"go/park-wake":          func(count int) float64 { return nsEach(count, parkAndWake, itself) },
	"grow/messages":         growMessages(128),
	"grow/messages-threads": growMessages(1024),
	"grow/channels":         growChannels,
	"grow/waiters":          growWaiters,
	"go/create":             func(count int) float64 { return nsEach(count, create, itself) },
	"sync/mutex":            func(count int) float64 { return nsEach(count, lockUnlock, itself) },
	"sync/mutex-contended":  func(count int) float64 { return nsEach(count, lockContended, itself) },
	"sync/wait-group":       func(count int) float64 { return nsEach(count, actuallyWait, itself) },
	"sync/semaphore":        func(count int) float64 { return nsEach(count, acquireRelease, itself) },
}

const warmUps = 4

// So few operations are but tried.
const tried = 200

// At the least where threads meet, as everybody has it.
const warmTimeOfThreads = 600 * time.Millisecond

// nsEach answers the nanoseconds for one of count operations.
func nsEach(count int, run run, checksum func(n int) int) float64 {
	check := func(n, sum int) {
		if sum != checksum(n) {
			panic(fmt.Sprintf("wrong result: %d instead of %d", sum, checksum(n)))
		}
	}
	warm := (count + warmUps - 1) / warmUps
	warmAt := time.Now()
	if runtime.GOMAXPROCS(0) > 1 && count > tried {
		warmAt = warmAt.Add(warmTimeOfThreads)
	}
	for i := 0; i < warmUps || time.Now().Before(warmAt); i++ {
		check(warm, run(warm))
	}
	start := time.Now()
	sum := run(count)
	took := time.Since(start)
	check(count, sum)
	return float64(took.Nanoseconds()) / float64(count)
}

func sumBelow(n int) int { return n * (n - 1) / 2 }
func itself(n int) int   { return n }

func quantile(values []float64, p float64) float64 {
	sort.Float64s(values)
	place := p * float64(len(values)-1)
	below := int(place)
	above := min(below+1, len(values)-1)
	return values[below] + (place-float64(below))*(values[above]-values[below])
}
