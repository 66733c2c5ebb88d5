from tests.benchmarks.iteration import main

main()
