import TraceEvents

/// The providers that connected processes have announced. Each is stored once, so processes of one
/// program share the memory.
struct SchemaCatalogue {
  /// The budget charged for a provider's memory: that of the process that announced it first.
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

  /// Adds a user of a provider and returns the shared copy. If `isNew`, the catalogue now owns
  /// `charge`.
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

  /// Removes a user of a provider; returns the charge to give back if it was the last.
  mutating func release(_ provider: ProviderSchema) -> Charge? {
    guard let known = entries.index(forKey: provider) else { return nil }
    entries.values[known].users -= 1
    guard entries.values[known].users == 0 else { return nil }
    return entries.remove(at: known).value.charge
  }
}
