package main

// crossbeam's programs, in the shape of its benchmarks/go.go.

const senders = 4

func partOf(n, i int) int {
	part := n / senders
	if i < n%senders {
		part++
	}
	return part
}

func sumOfParts(n int) int {
	sum := 0
	for i := range senders {
		sum += sumBelow(partOf(n, i))
	}
	return sum
}

func sendAll(channel chan<- int, n int) {
	for i := 0; i < n; i++ {
		channel <- i
	}
}

func receiveAll(channel <-chan int, n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-channel
	}
	return sum
}

func seq(n int) int {
	channel := make(chan int, n)
	sendAll(channel, n)
	return receiveAll(channel, n)
}

func spsc(capacity int) run {
	return func(n int) int {
		channel := make(chan int, capacity)
		go sendAll(channel, n)
		return receiveAll(channel, n)
	}
}

func mpsc(capacity int) run {
	return func(n int) int {
		channel := make(chan int, capacity)
		for i := range senders {
			go sendAll(channel, partOf(n, i))
		}
		return receiveAll(channel, n)
	}
}

// inParts adds up what so many receivers answer.
func inParts(n int, receive func(n int) int) int {
	sums := make(chan int, senders)
	for i := range senders {
		go func() { sums <- receive(partOf(n, i)) }()
	}
	sum := 0
	for range senders {
		sum += <-sums
	}
	return sum
}

func mpmc(capacity int) run {
	return func(n int) int {
		channel := make(chan int, capacity)
		for i := range senders {
			go sendAll(channel, partOf(n, i))
		}
		return inParts(n, func(n int) int { return receiveAll(channel, n) })
	}
}

func four(capacity int) [senders]chan int {
	var channels [senders]chan int
	for i := range channels {
		channels[i] = make(chan int, capacity)
	}
	return channels
}

func selectReceive(c [senders]chan int, n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case value := <-c[0]:
			sum += value
		case value := <-c[1]:
			sum += value
		case value := <-c[2]:
			sum += value
		case value := <-c[3]:
			sum += value
		}
	}
	return sum
}

func selectSend(c [senders]chan int, n int) {
	for i := 0; i < n; i++ {
		select {
		case c[0] <- i:
		case c[1] <- i:
		case c[2] <- i:
		case c[3] <- i:
		}
	}
}

func selectRx(capacity int) run {
	return func(n int) int {
		channels := four(capacity)
		for i, channel := range channels {
			go sendAll(channel, partOf(n, i))
		}
		return selectReceive(channels, n)
	}
}

func selectBoth(capacity int) run {
	return func(n int) int {
		channels := four(capacity)
		for i := range senders {
			go selectSend(channels, partOf(n, i))
		}
		return inParts(n, func(n int) int { return selectReceive(channels, n) })
	}
}

func addCrossbeam() {
	add := func(name string, program run, checksum func(n int) int) {
		scenarios[name] = func(count int) float64 { return nsEach(count, program, checksum) }
	}
	add("crossbeam/seq-N", seq, sumBelow)
	for _, kind := range []string{"crossbeam", "crossbeam-threads"} {
		for label, capacity := range map[string]int{"0": 0, "1": 1, "N": 1024} {
			add(kind+"/spsc-"+label, spsc(capacity), sumBelow)
			add(kind+"/mpsc-"+label, mpsc(capacity), sumOfParts)
			add(kind+"/mpmc-"+label, mpmc(capacity), sumOfParts)
			add(kind+"/select_rx-"+label, selectRx(capacity), sumOfParts)
			add(kind+"/select_both-"+label, selectBoth(capacity), sumOfParts)
		}
	}
}
