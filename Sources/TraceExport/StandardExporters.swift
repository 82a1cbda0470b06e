extension RendererRegistry {
  /// The exporters of this package: formats of other tools, for `tracectl export`. New formats are
  /// added to this list only. A format whose file extension ends that of another comes before it.
  public static let exporters: RendererRegistry = {
    var registry = RendererRegistry()
    registry.add(PprofExport())
    registry.add(RecordedPprof())
    registry.add(SpeedscopeExport())
    registry.add(PerfettoExport())
    registry.add(FirefoxExport())
    registry.add(ChromeExport())
    registry.add(FoldedGraph())
    registry.add(FlameGraphSVG())
    return registry
  }()
}
