import TraceAnalysis

/// One result of `tracectl doctor`.
typealias Finding = DoctorReport.Finding
