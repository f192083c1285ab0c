// Libtorch's default generator and thread count, the console and the count of live tensors belong to the process or to
// all of its threads: tests that use them cannot run side by side.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
