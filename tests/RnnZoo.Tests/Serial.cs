using System.Reflection;
using RnnZoo.Tests;
using TorchSharp;
using Xunit.Sdk;

// Libtorch's default generator and thread count, the console and the count of live tensors belong to the process or to
// all of its threads: tests that use them cannot run side by side.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: SameStart]

namespace RnnZoo.Tests;

/// <summary>Starts each test at the same random numbers, whichever tests ran before it: what fails, fails alone too.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class SameStartAttribute : BeforeAfterTestAttribute
{
    public override void Before(MethodInfo methodUnderTest) => torch.manual_seed(1);
}
