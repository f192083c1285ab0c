// Libtorch's default generator, threads and memory belong to the process: tests that look at them cannot run side by side.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
