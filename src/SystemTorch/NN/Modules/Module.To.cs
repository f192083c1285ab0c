using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking)
            {
                _toEpilog(device, dtype, non_blocking);
                return this;
            }

            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                _toEpilog(deviceType, deviceIndex, non_blocking);
                return this;
            }

            protected internal virtual Module _to(ScalarType dtype, bool non_blocking)
            {
                _toEpilog(dtype, non_blocking);
                return this;
            }

            public Module _to(Tensor other, bool non_blocking) => _to(other.device, other.dtype, non_blocking);

            protected void _toEpilog(ScalarType dtype, bool non_blocking) => _toEpilog(dtype, null, non_blocking);

            protected void _toEpilog(Device device, ScalarType dtype, bool non_blocking) => _toEpilog(dtype, device, non_blocking);

            protected void _toEpilog(DeviceType deviceType, int deviceIndex, bool non_blocking)
                => _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);

            /// <summary>Converts everything below, then this module's own parameters and buffers, in their fields too.</summary>
            protected virtual void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
            {
                foreach ((_, Module child) in named_children())
                {
                    child.Convert(dtype, device, non_blocking);
                }

                var replacements = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
                foreach ((string key, Parameter parameter) in _internal_params.ToArray<(string, Parameter)>())
                {
                    if (ReplaceParameter(dtype, device, parameter, out Parameter replacement))
                    {
                        _internal_params[key] = replacement;
                        replacements[parameter] = replacement;
                    }
                }

                foreach ((string key, (Tensor buffer, bool persistent)) in _internal_buffers.ToArray<(string, (Tensor, bool))>())
                {
                    if (ReplaceBuffer(dtype, device, buffer, out Tensor replacement))
                    {
                        _internal_buffers[key] = (replacement, persistent);
                        replacements[buffer] = replacement;
                    }
                }

                UpdateFields(dtype, device, replacements);
                if (device is not null)
                {
                    _deviceType = device.type;
                    _deviceIndex = device.index;
                }
            }

            /// <summary>Makes the converted parameter, gradient included; false when it already is as asked for.</summary>
            protected static bool ReplaceParameter(ScalarType? dtype, Device? device, Parameter param, out Parameter p)
            {
                if (!NeedsConversion(dtype, device, param))
                {
                    p = param;
                    return false;
                }

                using IDisposable grad = no_grad();
                ScalarType type = TargetType(dtype, param);
                p = new Parameter(Converted(param, type, device), param.requires_grad);
                p.DetachFromDisposeScope();
                using Tensor? gradient = param.grad;
                if (gradient is not null)
                {
                    using Tensor converted = Converted(gradient, type, device);
                    p.grad = converted;
                }

                return true;
            }

            /// <summary>Makes the converted buffer; false when it already is as asked for. Integer buffers keep their type.</summary>
            protected static bool ReplaceBuffer(ScalarType? dtype, Device? device, Tensor buffer, out Tensor result)
            {
                if (!NeedsConversion(dtype, device, buffer))
                {
                    result = buffer;
                    return false;
                }

                using IDisposable grad = no_grad();
                result = Converted(buffer, TargetType(dtype, buffer), device).DetachFromDisposeScope();
                return true;
            }

            protected static (Device device, ScalarType dtype) GetDefaultDeviceAndType(Device? device = null, ScalarType? dtype = null)
                => (device ?? CPU, dtype ?? get_default_dtype());

            internal void Convert(ScalarType? dtype, Device? device, bool non_blocking)
            {
                if (device is not null && dtype is not null)
                {
                    _to(device, dtype.Value, non_blocking);
                }
                else if (device is not null)
                {
                    _to(device.type, device.index, non_blocking);
                }
                else if (dtype is not null)
                {
                    _to(dtype.Value, non_blocking);
                }
            }

            private void UpdateFields(ScalarType? dtype, Device? device, Dictionary<Tensor, Tensor> replacements)
            {
                foreach (FieldInfo field in ComponentFields())
                {
                    if (field.GetValue(this) is not Tensor { IsInvalid: false } old)
                    {
                        continue;
                    }

                    if (replacements.TryGetValue(old, out Tensor? known))
                    {
                        field.SetValue(this, known);
                    }
                    else if (old is Parameter parameter)
                    {
                        if (ReplaceParameter(dtype, device, parameter, out Parameter replacement))
                        {
                            field.SetValue(this, replacement);
                            ConditionallyRegisterParameter(field.ComponentName(), replacement);
                        }
                    }
                    else if (ReplaceBuffer(dtype, device, old, out Tensor converted))
                    {
                        field.SetValue(this, converted);
                        ConditionallyRegisterBuffer(field.ComponentName(), converted);
                    }
                }
            }

            private static bool NeedsConversion(ScalarType? dtype, Device? device, Tensor tensor)
                => TargetType(dtype, tensor) != tensor.dtype
                    || (device is not null && (device.type != tensor.device_type || (device.type != DeviceType.CPU && device.index != tensor.device_index)));

            // As in PyTorch, integer tensors (counters, indices) keep their type when the module becomes float.
            private static ScalarType TargetType(ScalarType? dtype, Tensor tensor)
                => dtype is { } type && (tensor.is_floating_point() || tensor.is_complex() || !IsFloating(type)) ? type : tensor.dtype;

            private static bool IsFloating(ScalarType type)
                => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64
                    or ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

            private static Tensor Converted(Tensor tensor, ScalarType type, Device? device)
                => device is null ? tensor.to(type, copy: true) : tensor.to(type, device, copy: true);
        }
    }
}
