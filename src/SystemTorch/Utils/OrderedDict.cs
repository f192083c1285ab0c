using System.Collections;

namespace TorchSharp.Utils;

/// <summary>A dictionary that keeps its entries in the order in which they were added; replacing a value keeps its place.</summary>
public class OrderedDict<TKey, TValue> : IDictionary<TKey, TValue>, IList<(TKey, TValue)>
    where TKey : notnull
{
    private readonly List<(TKey Key, TValue Value)> _entries = [];
    private readonly Dictionary<TKey, int> _positions = [];

    public OrderedDict()
    {
    }

    public int Count => _entries.Count;

    public bool IsReadOnly => false;

    public ICollection<TKey> Keys => _entries.Select(entry => entry.Key).ToArray();

    public ICollection<TValue> Values => _entries.Select(entry => entry.Value).ToArray();

    public TValue this[TKey key]
    {
        get => _entries[_positions[key]].Value;
        set
        {
            if (_positions.TryGetValue(key, out int position))
            {
                _entries[position] = (key, value);
            }
            else
            {
                Add(key, value);
            }
        }
    }

    public (TKey, TValue) this[int index]
    {
        get => _entries[index];
        set
        {
            TKey old = _entries[index].Key;
            if (_positions.TryGetValue(value.Item1, out int position) && position != index)
            {
                throw new ArgumentException($"value: the key '{value.Item1}' is already at position {position}.", nameof(value));
            }

            _positions.Remove(old);
            _positions[value.Item1] = index;
            _entries[index] = value;
        }
    }

    public IEnumerable<TKey> keys() => _entries.Select(entry => entry.Key);

    public IEnumerable<TValue> values() => _entries.Select(entry => entry.Value);

    public IEnumerator<(TKey, TValue)> items() => GetEnumerator();

    public void Add(TKey key, TValue value)
    {
        _positions.Add(key, _entries.Count);
        _entries.Add((key, value));
    }

    public void Add((TKey, TValue) item) => Add(item.Item1, item.Item2);

    public void Add(KeyValuePair<TKey, TValue> item) => Add(item.Key, item.Value);

    public void Insert(int index, (TKey, TValue) item)
    {
        if (_positions.ContainsKey(item.Item1))
        {
            throw new ArgumentException($"item: the key '{item.Item1}' is already there.", nameof(item));
        }

        _entries.Insert(index, item);
        Renumber(index);
    }

    public bool ContainsKey(TKey key) => _positions.ContainsKey(key);

    public bool Contains(KeyValuePair<TKey, TValue> item) => Contains((item.Key, item.Value));

    public bool Contains((TKey, TValue) item) => IndexOf(item) >= 0;

    public int IndexOf((TKey, TValue) item)
        => _positions.TryGetValue(item.Item1, out int position)
            && EqualityComparer<TValue>.Default.Equals(_entries[position].Value, item.Item2)
            ? position
            : -1;

    public bool TryGetValue(TKey key, out TValue value)
    {
        bool found = _positions.TryGetValue(key, out int position);
        value = found ? _entries[position].Value : default!;
        return found;
    }

    public bool Remove(TKey key)
    {
        if (!_positions.TryGetValue(key, out int position))
        {
            return false;
        }

        RemoveAt(position);
        return true;
    }

    public bool Remove(KeyValuePair<TKey, TValue> item) => Remove((item.Key, item.Value));

    public bool Remove((TKey, TValue) item)
    {
        int position = IndexOf(item);
        if (position >= 0)
        {
            RemoveAt(position);
        }

        return position >= 0;
    }

    public void RemoveAt(int index)
    {
        _positions.Remove(_entries[index].Key);
        _entries.RemoveAt(index);
        Renumber(index);
    }

    public void Clear()
    {
        _entries.Clear();
        _positions.Clear();
    }

    public void clear() => Clear();

    public void CopyTo((TKey, TValue)[] array, int arrayIndex)
        => ((ICollection<(TKey, TValue)>)_entries).CopyTo(array, arrayIndex);

    public void CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex)
    {
        foreach ((TKey key, TValue value) in _entries)
        {
            array[arrayIndex++] = new KeyValuePair<TKey, TValue>(key, value);
        }
    }

    public IEnumerator<(TKey, TValue)> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator()
        => _entries.Select(entry => new KeyValuePair<TKey, TValue>(entry.Key, entry.Value)).GetEnumerator();

    private void Renumber(int from)
    {
        for (int i = from; i < _entries.Count; i++)
        {
            _positions[_entries[i].Key] = i;
        }
    }
}
