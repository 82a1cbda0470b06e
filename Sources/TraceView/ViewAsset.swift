internal import CViewAssets

/// A file of the page, embedded in the executable. Its bytes never change.
package struct ViewAsset: @unchecked Sendable {
  package var name: String
  package var bytes: UnsafeRawBufferPointer

  private static let known: [String: ViewAsset] = {
    var result: [String: ViewAsset] = [:]
    var position = 0
    while true {
      let asset = view_asset_at(position)
      guard let name = asset.name, let bytes = asset.bytes else { return result }
      let letters = UnsafeRawBufferPointer(start: name, count: length(name))
      let key = String(decoding: letters, as: UTF8.self)
      result[key] = ViewAsset(
        name: key, bytes: UnsafeRawBufferPointer(start: bytes, count: asset.count))
      position += 1
    }
  }()

  private static func length(_ text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while text[count] != 0 { count += 1 }
    return count
  }

  /// All files, by name.
  package static var all: [String: ViewAsset] { known }

  /// The media type of the file, from its name.
  package var mediaType: String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "application/octet-stream"
    }
  }
}
