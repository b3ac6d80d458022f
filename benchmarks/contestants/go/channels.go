package main

// The scenarios of one channel, or two, and of select.

var shared = make(chan int, 1000)

func pairTry(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case shared <- i:
		default:
		}
		select {
		case value := <-shared:
			sum += value
		default:
		}
	}
	return sum
}

func pair(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		shared <- i
		sum += <-shared
	}
	return sum
}

func uncontended(n int) int {
	channel := make(chan int, 100)
	sum := 0
	for i := 0; i < n; i++ {
		for k := 0; k < 100; k++ {
			channel <- k
		}
		for k := 0; k < 100; k++ {
			sum += <-channel
		}
	}
	return sum
}

func prodCons(capacity int) run {
	return func(n int) int {
		channel := make(chan int, capacity)
		go func() {
			for i := 0; i < n; i++ {
				channel <- i
			}
			close(channel)
		}()
		sums := make(chan int)
		go func() {
			sum := 0
			for value := range channel {
				sum += value
			}
			sums <- sum
		}()
		return <-sums
	}
}

func rendezvous(n int) int {
	channel := make(chan int)
	sums := make(chan int)
	go func() {
		sum := 0
		for i := 0; i < n; i += 2 {
			channel <- 1
			sum += <-channel
		}
		sums <- sum
	}()
	go func() {
		sum := 0
		for i := 0; i < n; i += 2 {
			sum += <-channel
			channel <- 1
		}
		sums <- sum
	}()
	return <-sums + <-sums
}

func pingPong(n int) int {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for value := range ping {
			pong <- value
		}
	}()
	sum := 0
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	return sum
}

func selectUncontended(n int) int {
	a, b := make(chan int, 1), make(chan int, 1)
	received := 0
	a <- 0
	for i := 0; i < n; i++ {
		select {
		case <-a:
			received++
			b <- 0
		case <-b:
			received++
			a <- 0
		}
	}
	return received
}
