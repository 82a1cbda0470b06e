extension RendererRegistry {
  /// The renderers of this package. New formats are added to this list only.
  public static let standard: RendererRegistry = {
    var registry = RendererRegistry()
    registry.add(TextEvents())
    registry.add(JSONEvents())
    registry.add(CSVEvents())
    registry.add(StackText())
    registry.add(StackJSON())
    registry.add(FoldedStacks())
    registry.add(GCText())
    registry.add(GCJSON())
    registry.add(GCCSV())
    registry.add(ExceptionText())
    registry.add(ExceptionJSON())
    registry.add(ExceptionCSV())
    registry.add(InfoText())
    registry.add(InfoJSON())
    registry.add(SymbolText())
    registry.add(SymbolJSON())
    registry.add(VerifyText())
    registry.add(VerifyJSON())
    registry.add(ProviderText())
    registry.add(ProviderJSON())
    registry.add(DoctorText())
    registry.add(DoctorJSON())
    return registry
  }()
}
