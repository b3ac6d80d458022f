package main

import (
	"context"
	"time"
)

// The scenarios of select and context.

const (
	popularGoroutines = 1000
	workLoops         = 100
)

var foo = 1

func work() {
	for i := 0; i < workLoops; i++ {
		foo *= 2
		foo /= 2
	}
}

func selectProdCons(n int) int {
	messages := make(chan int, 128)
	closed := make(chan bool)
	sums := make(chan int)
	go func() {
		late := time.After(time.Hour)
		for i := 0; i < n; i++ {
			work()
			select {
			case messages <- 1:
			case <-late:
			case <-closed:
			}
		}
	}()
	go func() {
		late := time.After(time.Hour)
		sum := 0
		for i := 0; i < n; i++ {
			select {
			case value := <-messages:
				sum += value
			case <-late:
			case <-closed:
			}
			work()
		}
		sums <- sum
	}()
	return <-sums
}

func popular(n int) int {
	shared := make(chan int)
	var own []chan int
	sums := make(chan int)
	for range popularGoroutines {
		channel := make(chan int)
		own = append(own, channel)
		go func() {
			sum := 0
			for i := 0; i < n; i++ {
				select {
				case value := <-shared:
					sum += value
				case value := <-channel:
					sum += value
				}
			}
			sums <- sum
		}()
	}
	for i := 0; i < n; i++ {
		for _, channel := range own {
			channel <- 1
		}
	}
	sum := 0
	for range popularGoroutines {
		sum += <-sums
	}
	return sum / popularGoroutines
}

type contextKey struct{}

func commonParent(n int) int {
	parent, cancelParent := context.WithCancel(context.WithValue(context.Background(), contextKey{}, "value"))
	defer cancelParent()
	found, x := 0, 0
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(parent)
		if ctx.Value(contextKey{}).(string) == "value" {
			found++
		}
		for k := 0; k < 100; k++ {
			x /= x + 1
		}
		cancel()
		for k := 0; k < 100; k++ {
			x /= x + 1
		}
	}
	return found + x
}
