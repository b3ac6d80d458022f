package main

import "sync"

// The scenarios of sync, and of x/sync's semaphore, whose fast path is written out here: the module has no dependencies.

func lockUnlock(n int) int {
	var mutex sync.Mutex
	for i := 0; i < n; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	return n
}

func lockContended(n int) int {
	var mutex sync.Mutex
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for i := 0; i < n/2; i++ {
				mutex.Lock()
				mutex.Unlock()
			}
		})
	}
	both.Wait()
	return n
}

func actuallyWait(n int) int {
	for i := 0; i < n; i++ {
		var group sync.WaitGroup
		group.Go(func() {})
		group.Wait()
	}
	return n
}

// A weighted semaphore of one permit as golang.org/x/sync/semaphore does it when nobody waits: a mutex round a count.
func acquireRelease(n int) int {
	var mutex sync.Mutex
	held := 0
	for i := 0; i < n; i++ {
		mutex.Lock()
		if held < 1 {
			held++
		}
		mutex.Unlock()
		mutex.Lock()
		held--
		mutex.Unlock()
	}
	return n
}
