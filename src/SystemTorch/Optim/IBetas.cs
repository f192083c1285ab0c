namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        /// <summary>What a schedule that cycles the momentum sets where that is beta1.</summary>
        public interface IBetas
        {
            (double, double) Betas { get; set; }
        }
    }
}
