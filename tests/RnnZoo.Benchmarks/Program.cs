using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using RnnZoo.Benchmarks;

// In this process: the binding's native libraries are beside it, and generated projects would not follow the binding.
var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithMaxIterationCount(20);
BenchmarkSwitcher.FromAssembly(typeof(TrainingStepBenchmarks).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
