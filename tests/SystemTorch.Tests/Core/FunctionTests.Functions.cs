using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace SystemTorch.Tests.Core;

public partial class FunctionTests
{
    public abstract class Simple<T> : SingleTensorFunction<T>
        where T : Simple<T>, new()
    {
        public override string Name => typeof(T).Name;

        public override Tensor forward(AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).alias();
    }

    public sealed class Twice : Simple<Twice>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => [grad_output * 2];
    }

    public sealed class Cube : Simple<Cube>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[0]]);
            ctx.save_data("power", (int)vars[2]);
            return ((Tensor)vars[0]).pow((int)vars[2]);
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
        {
            var power = (int)ctx.get_data("power");
            return [ctx.get_saved_variables()[0].pow(power - 1) * power * grad_output, null!, null!];
        }
    }

    public sealed class Observed : Simple<Observed>
    {
        public static List<bool> Forwards { get; set; } = [];

        public static List<bool> Backwards { get; set; } = [];

        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            Forwards.Add(is_grad_enabled());
            return base.forward(ctx, vars);
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
        {
            Backwards.Add(is_grad_enabled());
            return [grad_output * 1];
        }
    }

    public sealed class Throwing : Simple<Throwing>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars) =>
            vars.Length == 1 ? base.forward(ctx, vars) : throw new InvalidTimeZoneException("in forward");

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) =>
            throw new InvalidTimeZoneException("the reason is 42");
    }

    public sealed class Counted : Simple<Counted>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            ctx.save_data("count", vars[1]);
            return base.forward(ctx, vars);
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) =>
            [.. Enumerable.Range(0, (int)ctx.get_data("count")).Select(i => i == 1 ? null! : grad_output)];
    }

    public sealed class Misshapen : Simple<Misshapen>
    {
        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => [zeros(5)];
    }

    public sealed class Disposing : Simple<Disposing>
    {
        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
        {
            using var scope = NewDisposeScope();
            return [grad_output * 2];
        }
    }

    public sealed class FirstOnly : Simple<FirstOnly>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars) => (Tensor)vars[0] + (Tensor)vars[1];

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => [grad_output, null!];
    }

    public sealed class Scaled : Simple<Scaled>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[1]]);
            return (Tensor)vars[0] * (Tensor)vars[1];
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) =>
            [grad_output * ctx.get_saved_variables()[0], null!];
    }

    public sealed class Pair : MultiTensorFunction<Pair>
    {
        public static string Seen { get; private set; } = "";

        public override string Name => nameof(Pair);

        public override List<Tensor> forward(AutogradContext ctx, params object[] vars)
        {
            ctx.set_materialize_grads((bool)vars[1]);
            return [(Tensor)vars[0] * 1, (Tensor)vars[0] * 3];
        }

        public override List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs)
        {
            Seen = grad_outputs[1].IsInvalid ? "invalid" : "valid";
            return [grad_outputs[1].IsInvalid ? grad_outputs[0] : grad_outputs[0] + grad_outputs[1] * 3, null!];
        }
    }

    public sealed class WithIndex : MultiTensorFunction<WithIndex>
    {
        public override string Name => nameof(WithIndex);

        public override List<Tensor> forward(AutogradContext ctx, params object[] vars)
        {
            var doubled = (Tensor)vars[0] * 2;
            var other = (Tensor)vars[0] * 5;
            ctx.mark_non_differentiable([other]);
            return [doubled, other];
        }

        public override List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs) => [grad_outputs[0] * 2];
    }

    public sealed class DoubleInPlace : Simple<DoubleInPlace>
    {
        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            x.mul_(2);
            ctx.mark_dirty([x]);
            return x;
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => [grad_output * 2];
    }

    public sealed class Kept : Simple<Kept>
    {
        public static WeakReference? Last { get; set; }

        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            Last = new WeakReference(ctx);
            return base.forward(ctx, vars);
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => [grad_output];
    }
}
