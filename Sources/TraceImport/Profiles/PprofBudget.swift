/// How much of a profile is expanded. A few bytes can refer to a long name or to many frames again
/// and again; without limits, what they make would take any time and any room.
struct PprofBudget {
  /// Numbers of frames, and of bytes of names and of labels, that are left.
  private var frames: Int
  private var names: Int
  private var labels: Int

  /// - Parameter bytes: the size of the profile.
  init(bytes: Int) {
    frames = (1 << 20) + 2 * bytes
    names = (16 << 20) + 32 * bytes
    labels = (4 << 20) + 16 * bytes
  }

  var hasFrames: Bool { frames > 0 }
  var hasNames: Bool { names > 0 }
  var hasLabels: Bool { labels > 0 }

  mutating func take(frames count: Int) { frames -= count }
  mutating func take(nameBytes count: Int) { names -= count }
  mutating func take(labelBytes count: Int) { labels -= count }
}
