import TraceEvents

/// The providers that connected processes have announced, each once, however many processes have
/// it: processes of one program share the memory.
struct SchemaCatalogue {
  /// Who pays for a provider's memory: who announced it first.
  struct Charge: Hashable {
    var holder: BudgetHolder
    var bytes: Int
  }

  private struct Entry {
    var charge: Charge
    var users = 0
  }

  private var entries: [ProviderSchema: Entry] = [:]

  var count: Int { entries.count }
  var byteCount: Int { entries.values.reduce(0) { $0 + $1.charge.bytes } }

  /// The one of this provider that all share, used once more; whether it is new, and so `charge` is
  /// the catalogue's from now on.
  mutating func share(
    _ provider: ProviderSchema, _ charge: Charge
  ) -> (provider: ProviderSchema, isNew: Bool) {
    if let known = entries.index(forKey: provider) {
      entries.values[known].users += 1
      return (entries.keys[known], false)
    }
    entries[provider] = Entry(charge: charge, users: 1)
    return (provider, true)
  }

  /// One user less; what is to be given back when that was the last.
  mutating func release(_ provider: ProviderSchema) -> Charge? {
    guard let known = entries.index(forKey: provider) else { return nil }
    entries.values[known].users -= 1
    guard entries.values[known].users == 0 else { return nil }
    return entries.remove(at: known).value.charge
  }
}
