module millrace.dev/benchmarks

go 1.25
