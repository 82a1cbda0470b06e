import TraceControl
import TraceEvents

/// At least one of each message, with every kind of content.
enum MessageSamples {
  static let schema = EventSchema(
    provider: "Shop", id: 7, version: 2, name: "OrderPlaced", level: .warning,
    keywords: Keywords(rawValue: 0x8000_0000_0000_0001),
    fields: [
      FieldSchema("id", .uint64, .hexadecimal), FieldSchema("customer", .string),
      FieldSchema("items", .array(.scalar(.uint32)), .count),
      FieldSchema(
        "state",
        .enumeration(
          EnumSchema(
            name: "State", underlying: .int8,
            cases: [EnumCase("Open", 0), EnumCase("Lost", .max)]))),
    ])

  static let hello = Hello(
    pid: 4711, uid: 1000, startTime: 123_456_789, wantsLockSet: true, executable: "/usr/bin/shop",
    arguments: ["shop", "--open", "Köln"])

  static let app: [AppMessage] = [
    .hello(hello),
    .registerProvider(
      provider: 3,
      heading: ProviderSchema(
        name: "Shop", keywords: [KeywordSchema("Order", Keywords(rawValue: 1))], events: [])),
    .registerEvent(provider: 3, schema: schema),
    .registerDone(provider: 3),
    .enabled(provider: 3, generation: 9),
    .captureStateDone(provider: 3, generation: 9),
    .refused(reason: "eight sessions trace it already"),
    .notice(text: "the schema of event X is too large"),
    .missed(provider: 3, reason: .tooEarly, count: 27_200),
    .missed(provider: 3, reason: .undescribed, count: 1),
  ]

  static let session: [SessionMessage] = [
    .welcome(Welcome(sessionID: 0x0123_4567_89ab_cdef, processSlot: 17)),
    .grants(
      ProviderGrants(
        provider: 3, generation: 9,
        filter: EnableFilter(
          level: .informational, any: Keywords(rawValue: 0x11), all: Keywords(rawValue: 1)),
        grants: [
          Grant(eventID: 7, ref: 65_535, isOn: true, captureStack: true),
          Grant(eventID: 4095, ref: 0, isOn: false, captureStack: false),
        ])),
    .grants(ProviderGrants(provider: 0, generation: 10, filter: nil, grants: [])),
    .captureState(provider: 3, generation: 9),
    .detach,
    .sampling(SamplingRequest(ref: 46, interval_ns: 1_001_001)),
    .refused(reason: "it takes too much"),
  ]
}
