using RnnZoo.Kernels;

namespace RnnZoo.Tests.Kernels;

/// <summary>
/// One direction of a layer in plain scalar double arithmetic, one hidden unit at a time, written from the equations
/// without regard to speed: what the kernels are compared with.
/// </summary>
internal sealed class ReferenceLayer(LayerShape shape, LayerData data)
{
    private readonly int steps = shape.Steps, batch = shape.Batch, inputs = shape.Input, hidden = shape.Hidden;
    private readonly double[,,] h = new double[shape.Steps + 1, shape.Batch, shape.Hidden];
    private readonly double[,,] c = new double[shape.Steps + 1, shape.Batch, shape.Hidden];
    private readonly double[,,,] gates = new double[shape.Steps, shape.Batch, 5, shape.Hidden];

    public LayerData Forward()
    {
        for (var b = 0; b < batch; b++)
        {
            for (var j = 0; j < hidden; j++)
            {
                h[0, b, j] = data.H0?[(b * hidden) + j] ?? 0;
                c[0, b, j] = data.C0?[(b * hidden) + j] ?? 0;
            }
        }

        for (var s = 0; s < steps; s++)
        {
            for (var b = 0; b < batch; b++)
            {
                for (var j = 0; j < hidden; j++)
                {
                    Step(s, b, j);
                    data.Output[(((shape.Time(s) * batch) + b) * hidden) + j] = h[s + 1, b, j];
                    data.HN[(b * hidden) + j] = h[s + 1, b, j];
                    data.CN[(b * hidden) + j] = c[s + 1, b, j];
                }
            }
        }

        return data;
    }

    public KernelGradients Backward(KernelCotangents cotangents)
    {
        var d = new KernelGradients(shape);
        for (var b = 0; b < batch; b++)
        {
            var dh = new double[hidden];
            var dc = new double[hidden];
            for (var j = 0; j < hidden; j++)
            {
                dh[j] = cotangents.DHN?[(b * hidden) + j] ?? 0;
                dc[j] = cotangents.DCN?[(b * hidden) + j] ?? 0;
            }

            for (var s = steps - 1; s >= 0; s--)
            {
                BackwardStep(d, cotangents, s, b, ref dh, dc);
            }

            dh.CopyTo(d.DH0, b * hidden);
            dc.CopyTo(d.DC0, b * hidden);
        }

        for (var t = 0; t < steps; t++)
        {
            d.SquaredShares[t] = d.Terms[t].Sum(x => x * x);
        }

        return d;
    }

    private double Input(int gate, int s, int b, int j)
    {
        var row = (gate * hidden) + j;
        var sum = data.BiasIh?[row] ?? 0;
        for (var k = 0; k < inputs; k++)
        {
            sum += data.WeightIh[(row * inputs) + k] * data.X[(((shape.Time(s) * batch) + b) * inputs) + k];
        }

        return sum;
    }

    private double Recurrent(int gate, int s, int b, int j)
    {
        var row = (gate * hidden) + j;
        var sum = data.BiasHh?[row] ?? 0;
        for (var k = 0; k < hidden; k++)
        {
            sum += data.WeightHh[(row * hidden) + k] * h[s, b, k];
        }

        return sum;
    }

    private void Step(int s, int b, int j)
    {
        double Gate(int gate) => Input(gate, s, b, j) + Recurrent(gate, s, b, j);
        switch (shape.Cell)
        {
            case CellKind.Lstm:
                var (i, f, g, o) = (Sigmoid(Gate(0)), Sigmoid(Gate(1)), Math.Tanh(Gate(2)), Sigmoid(Gate(3)));
                (gates[s, b, 0, j], gates[s, b, 1, j], gates[s, b, 2, j], gates[s, b, 3, j]) = (i, f, g, o);
                c[s + 1, b, j] = (f * c[s, b, j]) + (i * g);
                h[s + 1, b, j] = o * Math.Tanh(c[s + 1, b, j]);
                break;
            case CellKind.Gru:
                var (r, z, m) = (Sigmoid(Gate(0)), Sigmoid(Gate(1)), Recurrent(2, s, b, j));
                var n = Math.Tanh(Input(2, s, b, j) + (r * m));
                (gates[s, b, 0, j], gates[s, b, 1, j], gates[s, b, 2, j], gates[s, b, 3, j]) = (r, z, n, m);
                h[s + 1, b, j] = ((1 - z) * n) + (z * h[s, b, j]);
                break;
            default:
                var a = Gate(0);
                h[s + 1, b, j] = shape.Cell switch
                {
                    CellKind.Tanh => Math.Tanh(a),
                    CellKind.Relu => Math.Max(a, 0),
                    CellKind.ModRelu => double.IsNaN(a) ? a : Math.Sign(a) * Math.Max(Math.Abs(a) + (data.ActivationBias?[j] ?? 0), 0),
                    _ => a,
                };
                break;
        }
    }

    private void BackwardStep(KernelGradients d, KernelCotangents cotangents, int s, int b, ref double[] dh, double[] dc)
    {
        var t = shape.Time(s);
        var dhBefore = new double[hidden];
        for (var j = 0; j < hidden; j++)
        {
            d.SquaredNormDHFromFuture[t] += dh[j] * dh[j];
            dh[j] += cotangents.DOutput?[(((t * batch) + b) * hidden) + j] ?? 0;
            d.SquaredNormDH[t] += dh[j] * dh[j];
        }

        for (var j = 0; j < hidden; j++)
        {
            double G(int slot) => gates[s, b, slot, j];
            switch (shape.Cell)
            {
                case CellKind.Lstm:
                    var tanhC = Math.Tanh(c[s + 1, b, j]);
                    var dct = dc[j] + (dh[j] * G(3) * (1 - (tanhC * tanhC)));
                    d.SquaredNormDC[t] += dct * dct;
                    d.SquaredNormDCFromFuture[t] += dc[j] * dc[j];
                    Through(d, s, b, j, 0, dct * G(2) * G(0) * (1 - G(0)), dhBefore);
                    Through(d, s, b, j, 1, dct * c[s, b, j] * G(1) * (1 - G(1)), dhBefore);
                    Through(d, s, b, j, 2, dct * G(0) * (1 - (G(2) * G(2))), dhBefore);
                    Through(d, s, b, j, 3, dh[j] * tanhC * G(3) * (1 - G(3)), dhBefore);
                    dc[j] = dct * G(1);
                    break;
                case CellKind.Gru:
                    var dn = dh[j] * (1 - G(1)) * (1 - (G(2) * G(2)));
                    ThroughInput(d, s, b, j, 2, dn);
                    ThroughState(d, s, b, j, 2, dn * G(0), dhBefore);
                    Through(d, s, b, j, 0, dn * G(3) * G(0) * (1 - G(0)), dhBefore);
                    Through(d, s, b, j, 1, dh[j] * (h[s, b, j] - G(2)) * G(1) * (1 - G(1)), dhBefore);
                    dhBefore[j] += dh[j] * G(1);
                    break;
                default:
                    var ht = h[s + 1, b, j];
                    var dead = shape.Cell switch { CellKind.Relu => ht <= 0, CellKind.ModRelu => ht == 0, _ => false };
                    var slope = shape.Cell == CellKind.Tanh ? 1 - (ht * ht) : dead ? 0 : 1;
                    d.DActivationBias[j] += dh[j] * slope * Math.Sign(ht);
                    Through(d, s, b, j, 0, dh[j] * slope, dhBefore);
                    break;
            }
        }

        dh = dhBefore;
    }

    private void Through(KernelGradients d, int s, int b, int j, int gate, double da, double[] dhBefore)
    {
        ThroughInput(d, s, b, j, gate, da);
        ThroughState(d, s, b, j, gate, da, dhBefore);
    }

    private void ThroughInput(KernelGradients d, int s, int b, int j, int gate, double da)
    {
        var row = (gate * hidden) + j;
        var x = ((shape.Time(s) * batch) + b) * inputs;
        d.DBiasIh[row] += da;
        for (var k = 0; k < inputs; k++)
        {
            d.DWeightIh[(row * inputs) + k] += da * data.X[x + k];
            d.DX[x + k] += da * data.WeightIh[(row * inputs) + k];
        }
    }

    private void ThroughState(KernelGradients d, int s, int b, int j, int gate, double da, double[] dhBefore)
    {
        var row = (gate * hidden) + j;
        d.DBiasHh[row] += da;
        for (var k = 0; k < hidden; k++)
        {
            d.DWeightHh[(row * hidden) + k] += da * h[s, b, k];
            d.Terms[shape.Time(s)][(row * hidden) + k] += da * h[s, b, k];
            dhBefore[k] += da * data.WeightHh[(row * hidden) + k];
        }
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
