namespace SystemTorch.Tests.Optim;

/// <summary>One optimizer's update of one number, in plain doubles, straight from its paper or from PyTorch's documentation.</summary>
internal abstract class Formulas
{
    /// <summary>The parameter after one more step with this gradient.</summary>
    public abstract double Step(double parameter, double gradient);

    internal sealed class Sgd(double lr, double momentum, double dampening, double decay, bool nesterov, bool maximize) : Formulas
    {
        private double? _buffer;

        public override double Step(double parameter, double gradient)
        {
            gradient += decay * parameter;
            if (momentum != 0)
            {
                _buffer = _buffer is { } old ? (momentum * old) + ((1 - dampening) * gradient) : gradient;
                gradient = nesterov ? gradient + (momentum * _buffer.Value) : _buffer.Value;
            }

            return parameter + ((maximize ? lr : -lr) * gradient);
        }
    }

    internal sealed class Adam(double lr, double beta1, double beta2, double eps, double decay, bool decoupled, bool amsgrad, bool maximize) : Formulas
    {
        private int _step;
        private double _mean;
        private double _square;
        private double _largest;

        public override double Step(double parameter, double gradient)
        {
            gradient = maximize ? -gradient : gradient;
            if (decoupled)
            {
                parameter -= lr * decay * parameter;
            }
            else
            {
                gradient += decay * parameter;
            }

            _step++;
            _mean = (beta1 * _mean) + ((1 - beta1) * gradient);
            _square = (beta2 * _square) + ((1 - beta2) * gradient * gradient);
            _largest = Math.Max(_largest, _square);
            double mean = _mean / (1 - Math.Pow(beta1, _step));
            double square = (amsgrad ? _largest : _square) / (1 - Math.Pow(beta2, _step));
            return parameter - (lr * mean / (Math.Sqrt(square) + eps));
        }
    }

    internal sealed class RmsProp(double lr, double alpha, double eps, double decay, double momentum, bool centered, bool maximize) : Formulas
    {
        private double _square;
        private double _mean;
        private double _buffer;

        public override double Step(double parameter, double gradient)
        {
            gradient = (maximize ? -gradient : gradient) + (decay * parameter);
            _square = (alpha * _square) + ((1 - alpha) * gradient * gradient);
            _mean = (alpha * _mean) + ((1 - alpha) * gradient);
            double update = gradient / (Math.Sqrt(centered ? _square - (_mean * _mean) : _square) + eps);
            _buffer = (momentum * _buffer) + update;
            return parameter - (lr * _buffer);
        }
    }

    internal sealed class Adagrad(double lr, double lrDecay, double decay, double start, double eps) : Formulas
    {
        private int _step;
        private double _sum = start;

        public override double Step(double parameter, double gradient)
        {
            gradient += decay * parameter;
            _sum += gradient * gradient;
            return parameter - (lr / (1 + (_step++ * lrDecay)) * gradient / (Math.Sqrt(_sum) + eps));
        }
    }
}
