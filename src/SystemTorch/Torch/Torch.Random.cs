namespace TorchSharp;

public static partial class torch
{
    /// <summary>Seeds the default generator.</summary>
    public static Generator manual_seed(long seed) => Generator.Default.manual_seed(seed);

    public static long seed() => Generator.Default.seed();

    public static long initial_seed() => Generator.Default.initial_seed();

    public static Tensor get_rng_state() => Generator.Default.get_state();

    public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);

    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static long seed() => torch.seed();

        public static long initial_seed() => torch.initial_seed();

        public static Tensor get_rng_state() => torch.get_rng_state();

        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }

    public static double rand_float(Generator? generator = null) => Draw(() => rand([], ScalarType.Float32, generator: generator)).ToDouble();

    public static double randn_float(Generator? generator = null) => Draw(() => randn([], ScalarType.Float32, generator: generator)).ToDouble();

    public static int randint_int(int high, Generator? generator = null) => (int)randint_long(0, high, generator);

    public static int randint_int(int low, int high, Generator? generator = null) => (int)randint_long(low, high, generator);

    public static long randint_long(long high, Generator? generator = null) => randint_long(0, high, generator);

    public static long randint_long(long low, long high, Generator? generator = null) =>
        Draw(() => randint(low, high, Array.Empty<long>(), generator: generator)).ToInt64();

    public static bool randint_bool(Generator? generator = null) => randint_long(0, 2, generator) != 0;

    private static Scalar Draw(Func<Tensor> make)
    {
        using var drawn = make();
        return drawn.ToScalar();
    }
}
