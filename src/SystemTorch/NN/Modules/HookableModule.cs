namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A module that takes functions to be run before and after its forward.</summary>
        public class HookableModule<TPreHook, TPostHook> : Module
        {
            protected Dictionary<string, TPreHook> pre_hooks = [];
            protected Dictionary<string, TPostHook> post_hooks = [];
            protected Dictionary<string, Action<Module>> module_pre_hooks = [];
            protected Dictionary<string, Action<Module>> module_post_hooks = [];

            protected HookableModule(string name)
                : base(name)
            {
            }

            // Snapshots, so that a hook may remove itself; without hooks nothing is allocated.
            internal IEnumerable<TPreHook> PreHooks => pre_hooks.Count == 0 ? [] : pre_hooks.Values.ToArray();

            internal IEnumerable<TPostHook> PostHooks => post_hooks.Count == 0 ? [] : post_hooks.Values.ToArray();

            internal IEnumerable<Action<Module>> HooksBefore => module_pre_hooks.Count == 0 ? [] : module_pre_hooks.Values.ToArray();

            internal IEnumerable<Action<Module>> HooksAfter => module_post_hooks.Count == 0 ? [] : module_post_hooks.Values.ToArray();

            /// <summary>Adds a hook that sees arguments and result, and may replace the result by what it returns.</summary>
            public HookRemover register_forward_hook(TPostHook hook) => Add(post_hooks, hook);

            public HookRemover register_forward_hook(Action<Module> hook) => Add(module_post_hooks, hook);

            /// <summary>Adds a hook that sees the arguments, and may replace them by what it returns.</summary>
            public HookRemover register_forward_pre_hook(TPreHook hook) => Add(pre_hooks, hook);

            public HookRemover register_forward_pre_hook(Action<Module> hook) => Add(module_pre_hooks, hook);

            private HookRemover Add<THook>(Dictionary<string, THook> hooks, THook hook)
            {
                ArgumentNullException.ThrowIfNull(hook);
                string key = Guid.NewGuid().ToString();
                hooks.Add(key, hook);
                return new HookRemover(this, key);
            }

            private void Remove(string key)
            {
                pre_hooks.Remove(key);
                post_hooks.Remove(key);
                module_pre_hooks.Remove(key);
                module_post_hooks.Remove(key);
            }

            /// <summary>Takes one hook off its module.</summary>
            public class HookRemover
            {
                private readonly HookableModule<TPreHook, TPostHook> _module;
                private readonly string _key;

                public HookRemover(HookableModule<TPreHook, TPostHook> module, string key)
                {
                    _module = module;
                    _key = key;
                }

                public void remove() => _module.Remove(_key);
            }
        }
    }
}
