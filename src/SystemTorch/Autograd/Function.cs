namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>The common base of functions with a backward of their own. There is one instance of each type.</summary>
        public abstract class Function<T>
            where T : Function<T>, new()
        {
            private static readonly Lazy<T> Single = new(() => new T());

            public abstract string Name { get; }

            internal static T Instance => Single.Value;

            /// <summary>Runs forward without a tape and ties its outputs to a node of the graph.</summary>
            public static List<Tensor> apply_internal(params object[] vars)
            {
                var function = Instance;
                return FunctionNode.Apply(function.Name, vars, function.RunForward, function.RunBackward);
            }

            internal abstract List<Tensor> RunForward(AutogradContext context, object[] arguments);

            internal abstract List<Tensor?> RunBackward(AutogradContext context, List<Tensor> gradients);
        }
    }
}
