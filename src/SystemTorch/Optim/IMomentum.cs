namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        /// <summary>What a schedule that cycles the momentum sets.</summary>
        public interface IMomentum
        {
            double Momentum { get; set; }
        }
    }
}
