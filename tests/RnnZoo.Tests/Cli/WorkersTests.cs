using RnnZoo.Cli;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

public class WorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_DoesAllOnce_WithItsOwnThreadCount(int workers)
    {
        var before = get_num_threads();
        var (done, counts) = (new int[7], new int[7]);

        Workers.Run(Enumerable.Range(0, 7), workers, threadsOfEach: 1, (index, _) => (done[index], counts[index]) = (done[index] + 1, get_num_threads()), default);

        Assert.All(done, times => Assert.Equal(1, times));
        Assert.All(counts, threads => Assert.Equal(1, threads));
        Assert.Equal(before, get_num_threads());
    }

    [Fact]
    public void Run_OneFails_EndsTheOthersAndThrowsWhatItThrew()
    {
        var ended = false;
        void Work(int index, CancellationToken stop)
        {
            if (index == 1)
            {
                throw new InvalidOperationException("the second one");
            }

            ended = stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(60));
        }

        var failure = Assert.Throws<InvalidOperationException>(() => Workers.Run([0, 1], workers: 2, threadsOfEach: 1, Work, default));

        Assert.Equal("the second one", failure.Message);
        Assert.True(ended);
    }

    [Fact]
    public void Run_Cancelled_LeavesTheRestUndone()
    {
        using var cancellation = new CancellationTokenSource();
        var done = new List<int>();

        Workers.Run([1, 2, 3], workers: 1, threadsOfEach: 1, Work, cancellation.Token);

        Assert.Equal([1], done);

        void Work(int number, CancellationToken stop)
        {
            done.Add(number);
            cancellation.Cancel();
            Assert.True(stop.IsCancellationRequested);
        }
    }
}
