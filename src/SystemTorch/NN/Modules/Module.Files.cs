namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Writes all parameters and persistent buffers: a count, then a name and a tensor for each.</summary>
            public Module save(string location, IList<string>? skip = null)
            {
                using FileStream stream = File.Create(location);
                return save(stream, skip);
            }

            /// <summary>As <see cref="save(string, IList{string})"/>; closes the stream.</summary>
            public Module save(Stream stream, IList<string>? skip = null)
            {
                using var writer = new BinaryWriter(stream);
                return save(writer, skip);
            }

            public Module save(BinaryWriter writer, IList<string>? skip = null)
            {
                save_state_dict(writer, state_dict(), skip);
                return this;
            }

            public static void save_state_dict(BinaryWriter writer, Dictionary<string, Tensor> sd, IList<string>? skip = null)
            {
                KeyValuePair<string, Tensor>[] entries = [.. sd.Where(entry => skip is null || !skip.Contains(entry.Key))];
                writer.Write7BitEncodedInt64(entries.Length);
                foreach ((string key, Tensor tensor) in entries)
                {
                    writer.Write(key);
                    tensor.Save(writer);
                }
            }

            /// <summary>Reads what <see cref="save(string, IList{string})"/> wrote into this module's tensors.</summary>
            /// <remarks>
            /// When strict, the file's names must be exactly the module's. Names to skip stay as they are. The dictionary is filled with
            /// every name of the file and whether it was loaded.
            /// </remarks>
            /// <exception cref="ArgumentException">A name, a shape, an element type or the number of entries does not fit.</exception>
            public virtual Module load(string location, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                if (!File.Exists(location))
                {
                    throw new FileNotFoundException($"location: no such file: {location}", location);
                }

                using FileStream stream = File.OpenRead(location);
                return load(stream, strict, skip, loadedParameters);
            }

            /// <summary>As <see cref="load(string, bool, IList{string}, Dictionary{string, bool})"/>; closes the stream.</summary>
            public Module load(Stream stream, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                using var reader = new BinaryReader(stream);
                return load(reader, strict, skip, loadedParameters);
            }

            public virtual Module load(BinaryReader reader, bool strict = true, IList<string>? skip = null, Dictionary<string, bool>? loadedParameters = null)
            {
                Dictionary<string, Tensor> destination = state_dict();
                long count = reader.Read7BitEncodedInt64();
                if (strict && count != destination.Count)
                {
                    throw new ArgumentException($"The file has {count} entries, the module {destination.Count}.", nameof(reader));
                }

                using IDisposable grad = no_grad();
                for (long i = 0; i < count; i++)
                {
                    string key = reader.ReadString();
                    bool known = destination.TryGetValue(key, out Tensor? target);
                    if (!known && strict)
                    {
                        throw new ArgumentException($"The module has no parameter or buffer '{key}', which the file holds.", nameof(reader));
                    }

                    bool wanted = known && !(skip?.Contains(key) ?? false);
                    LoadEntry(reader, key, wanted ? target : null);
                    if (loadedParameters is not null)
                    {
                        loadedParameters[key] = wanted;
                    }
                }

                return this;
            }

            /// <summary>Makes a module and loads its weights from a file.</summary>
            public static Module Create<T>(string path)
                where T : Module, new()
                => new T().load(path);

            private static void LoadEntry(BinaryReader reader, string key, Tensor? target)
            {
                if (target is null)
                {
                    // Read past it: a tensor's length is known only from its own header.
                    TensorExtensionMethods.Load(reader, skip: true);
                    return;
                }

                try
                {
                    target.Load(reader);
                }
                catch (ArgumentException error)
                {
                    throw new ArgumentException($"'{key}': {error.Message}", nameof(reader), error);
                }
            }
        }
    }
}
