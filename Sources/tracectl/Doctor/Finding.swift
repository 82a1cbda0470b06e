import TraceAnalysis

/// What `tracectl doctor` says about one thing.
typealias Finding = DoctorReport.Finding
