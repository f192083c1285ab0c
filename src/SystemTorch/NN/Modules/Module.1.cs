namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Base of modules whose forward takes one argument. <see cref="call"/> runs the hooks, <see cref="forward"/> does not.</summary>
        public abstract class Module<T, TResult>
            : HookableModule<Func<Module<T, TResult>, T, T>, Func<Module<T, TResult>, T, TResult, TResult>>,
            IModule<T, TResult>
        {
            protected Module(string name)
                : base(name)
            {
            }

            public abstract TResult forward(T input);

            public TResult call(T input)
            {
                foreach (Action<Module> hook in HooksBefore)
                {
                    hook(this);
                }

                foreach (Func<Module<T, TResult>, T, T> hook in PreHooks)
                {
                    if (hook(this, input) is { } changed)
                    {
                        input = changed;
                    }
                }

                TResult result = forward(input);
                foreach (Func<Module<T, TResult>, T, TResult, TResult> hook in PostHooks)
                {
                    if (hook(this, input, result) is { } changed)
                    {
                        result = changed;
                    }
                }

                foreach (Action<Module> hook in HooksAfter)
                {
                    hook(this);
                }

                return result;
            }
        }
    }
}
