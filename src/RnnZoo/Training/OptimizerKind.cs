namespace RnnZoo.Training;

/// <summary>The rule that turns gradients into changes of the weights, with TorchSharp's defaults for all but the learning rate.</summary>
public enum OptimizerKind
{
    /// <summary>Adam (Kingma and Ba, 2015).</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019).</summary>
    AdamW,

    /// <summary>RMSprop (Tieleman and Hinton, 2012), with alpha = 0.9 as the copy task's literature has it.</summary>
    RmsProp,

    /// <summary>Plain stochastic gradient descent.</summary>
    Sgd,
}
