package main

import (
	"os"
	"strings"
)

// The scenarios of payloads. Go's own way is to send what refers to memory that both sides know; a copy is made by hand.

const kilobyte = 1024

type thing struct {
	id     int
	name   string
	price  float64
	tags   []string
	active bool
}

func stream[T any](make func() T, weigh func(value T) int, n int) int {
	channel := newChannel[T]()
	go func() {
		for i := 0; i < n; i++ {
			channel <- make()
		}
	}()
	sum := 0
	for i := 0; i < n; i++ {
		sum += weigh(<-channel)
	}
	return sum
}

func newChannel[T any]() chan T { return make(chan T, 64) }

func objects(n int) int {
	return stream(func() *thing {
		return &thing{12345, "a thing with a name", 99.5, []string{"one tag", "another"}, true}
	}, func(value *thing) int { return value.id + len(value.tags) }, n)
}

func texts(n int) int {
	text := strings.Repeat("x", kilobyte)
	return stream(func() string { return text }, func(value string) int { return len(value) }, n)
}

func weighBytes(value []byte) int { return len(value) + int(value[len(value)-1]) }

func copies(size int) run {
	model := filled(make([]byte, size))
	return func(n int) int {
		return stream(func() []byte { return append([]byte(nil), model...) }, weighBytes, n)
	}
}

func filled(value []byte) []byte {
	for i := range value {
		value[i] = 7
	}
	return value
}

const arrays = 8

// references lends out arrays that come back, every byte written anew for each message.
func references(size int) run {
	return func(n int) int {
		full, empty := make(chan []byte, arrays), make(chan []byte, arrays)
		for range arrays {
			empty <- make([]byte, size)
		}
		go func() {
			for i := 0; i < n; i++ {
				full <- filled(<-empty)
			}
		}()
		sum := 0
		for i := 0; i < n; i++ {
			value := <-full
			sum += weighBytes(value)
			empty <- value
		}
		return sum
	}
}

func addPayloads() {
	add := func(name string, program run, weight int) {
		scenarios[name] = func(count int) float64 {
			return nsEach(count, program, func(n int) int { return n * weight })
		}
	}
	bytes := copies
	if len(os.Args) > 3 && os.Args[3] == "reference" {
		bytes = references
	}
	add("payload/object-100", objects, 12345+2)
	add("payload/string-1k", texts, kilobyte)
	add("payload/bytes-64k", bytes(64*kilobyte), 64*kilobyte+7)
	add("payload/bytes-1m", bytes(kilobyte*kilobyte), kilobyte*kilobyte+7)
}
