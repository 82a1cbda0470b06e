/// The reason why a session keeps no more data for a process.
struct BudgetExceeded: Error, Hashable, CustomStringConvertible {
  enum Resource: Hashable { case connections, memory, eventTypes, definitions, buffers }
  var resource: Resource
  var bound: Budget.Bound

  var description: String {
    switch bound {
    case .process: "it uses more of the session's \(name) than one process may"
    case .user: "its user's processes use more of the session's \(name) than one user may"
    case .session: "the session has no \(name) left"
    }
  }

  private var name: String {
    switch resource {
    case .connections: "connections"
    case .memory: "memory for announcements"
    case .eventTypes: "event types"
    case .definitions: "room for definitions in the trace"
    case .buffers: "memory for buffers"
    }
  }
}
