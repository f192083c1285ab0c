namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A module whose forward takes one argument.</summary>
        public interface IModule<T, TResult>
        {
            TResult call(T input1);
        }
    }
}
