/// The events of the runtime with numbers below 80: collections and threads.
extension NetLayouts {
  static let collections = """
    1 GCStart Count:u4,Depth:u4,Reason:u4,Type:u4|@clr|ClientSequenceNumber:u8
    2 GCEnd Count:u4,Depth:u4|@clr
    3 GCRestartEEEnd |@clr
    4 GCHeapStats GenerationSize0:u8,TotalPromotedSize0:u8,GenerationSize1:u8,\
    TotalPromotedSize1:u8,GenerationSize2:u8,TotalPromotedSize2:u8,GenerationSize3:u8,\
    TotalPromotedSize3:u8,FinalizationPromotedSize:u8,FinalizationPromotedCount:u8,\
    PinnedObjectCount:u4,SinkBlockCount:u4,GCHandleCount:u4|@clr|GenerationSize4:u8,\
    TotalPromotedSize4:u8
    5 GCCreateSegment Address:u8,Size:u8,Type:u4|@clr
    6 GCFreeSegment Address:u8|@clr
    7 GCRestartEEBegin |@clr
    8 GCSuspendEEEnd |@clr
    9 GCSuspendEEBegin Reason:u4,Count:u4|@clr
    10 GCAllocationTick AllocationAmount:u4,AllocationKind:u4|@clr|AllocationAmount64:u8,\
    TypeID:p,TypeName:s,HeapIndex:u4|Address:p|ObjectSize:u8
    11 GCCreateConcurrentThread |@clr
    12 GCTerminateConcurrentThread |@clr
    13 GCFinalizersEnd Count:u4|@clr
    14 GCFinalizersBegin |@clr
    15 BulkType Count:u4,@clr,Values:rest
    16 GCBulkRootEdge Index:u4,Count:u4,@clr,Values:rest
    17 GCBulkRootConditionalWeakTableElementEdge Index:u4,Count:u4,@clr,Values:rest
    18 GCBulkNode Index:u4,Count:u4,@clr,Values:rest
    19 GCBulkEdge Index:u4,Count:u4,@clr,Values:rest
    20 GCSampledObjectAllocationHigh Address:p,TypeID:p,ObjectCountForTypeSample:u4,\
    TotalSizeForTypeSample:u8,@clr
    21 GCBulkSurvivingObjectRanges Index:u4,Count:u4,@clr,Values:rest
    22 GCBulkMovedObjectRanges Index:u4,Count:u4,@clr,Values:rest
    23 GCGenerationRange Generation:u1,RangeStart:p,RangeUsedLength:u8,RangeReservedLength:u8,\
    @clr
    25 GCMarkStackRoots HeapNum:u4,@clr
    26 GCMarkFinalizeQueueRoots HeapNum:u4,@clr
    27 GCMarkHandles HeapNum:u4,@clr
    28 GCMarkOlderGenerationRoots HeapNum:u4,@clr
    29 FinalizeObject TypeID:p,ObjectID:p,@clr
    30 SetGCHandle HandleID:p,ObjectID:p,Kind:u4,Generation:u4,AppDomainID:u8,@clr
    31 DestroyGCHandle HandleID:p,@clr
    32 GCSampledObjectAllocationLow Address:p,TypeID:p,ObjectCountForTypeSample:u4,\
    TotalSizeForTypeSample:u8,@clr
    33 PinObjectAtGCTime HandleID:p,ObjectID:p,ObjectSize:u8,TypeName:s,@clr
    35 GCTriggered Reason:u4,@clr
    36 GCBulkRootCCW Count:u4,@clr,Values:rest
    37 GCBulkRCW Count:u4,@clr,Values:rest
    38 GCBulkRootStaticVar Count:u4,AppDomainID:u8,@clr,Values:rest
    39 GCDynamicEvent Name:s,DataSize:u4,Data:rest
    50 ThreadPoolWorkerThreadStart @workers,@clr
    51 ThreadPoolWorkerThreadStop @workers,@clr
    52 ThreadPoolWorkerThreadRetirementStart @workers,@clr
    53 ThreadPoolWorkerThreadRetirementStop @workers,@clr
    54 ThreadPoolWorkerThreadAdjustmentSample Throughput:d,@clr
    55 ThreadPoolWorkerThreadAdjustmentAdjustment AverageThroughput:d,NewWorkerThreadCount:u4,\
    Reason:u4,@clr
    56 ThreadPoolWorkerThreadAdjustmentStats Duration:d,Throughput:d,ThreadWave:d,\
    ThroughputWave:d,ThroughputErrorEstimate:d,AverageThroughputErrorEstimate:d,\
    ThroughputRatio:d,Confidence:d,NewControlSetting:d,NewThreadWaveMagnitude:u2,@clr
    57 ThreadPoolWorkerThreadWait @workers,@clr
    60 ThreadPoolWorkingThreadCount Count:u4,@clr
    61 ThreadPoolEnqueue WorkID:p,@clr
    62 ThreadPoolDequeue WorkID:p,@clr
    63 ThreadPoolIOEnqueue NativeOverlapped:p,Overlapped:p,MultiDequeues:b,@clr
    64 ThreadPoolIODequeue NativeOverlapped:p,Overlapped:p,@clr
    65 ThreadPoolIOPack NativeOverlapped:p,Overlapped:p,@clr
    70 ThreadCreating ID:p,@clr
    71 ThreadRunning ID:p,@clr
    """

  /// The events of the runtime with numbers from 80 on.
  static let runtime = """
    80 ExceptionThrown ExceptionType:s,ExceptionMessage:s,ExceptionEIP:p,ExceptionHRESULT:u4,\
    ExceptionFlags:u2,@clr
    81 ContentionStart ContentionFlags:u1,@clr||LockID:p,AssociatedObjectID:p,\
    LockOwnerThreadID:u8
    82 CLRStackWalk @clr,Reserved1:u1,Reserved2:u1,FrameCount:u4,Stack:rest
    83 AppDomainMemAllocated AppDomainID:u8,Allocated:u8,@clr
    84 AppDomainMemSurvived AppDomainID:u8,Survived:u8,ProcessSurvived:u8,@clr
    85 ThreadCreated ManagedThreadID:u8,AppDomainID:u8,Flags:u4,ManagedThreadIndex:u4,\
    OSThreadID:u4,@clr
    86 ThreadTerminated ManagedThreadID:u8,AppDomainID:u8,@clr
    87 ThreadDomainEnter ManagedThreadID:u8,AppDomainID:u8,@clr
    88 ILStubGenerated @clr,ModuleID:u8,StubMethodID:u8,StubFlags:u4,\
    ManagedInteropMethodToken:u4,ManagedInteropMethodNamespace:s,ManagedInteropMethodName:s,\
    ManagedInteropMethodSignature:s,NativeMethodSignature:s,StubMethodSignature:s,\
    StubMethodILCode:s
    89 ILStubCacheHit @clr,ModuleID:u8,StubMethodID:u8,ManagedInteropMethodToken:u4,\
    ManagedInteropMethodNamespace:s,ManagedInteropMethodName:s,ManagedInteropMethodSignature:s
    91 ContentionStop ContentionFlags:u1,@clr|DurationNs:d
    141 MethodLoad @method|@clr|ReJITID:u8
    142 MethodUnload @method|@clr|ReJITID:u8
    143 MethodLoadVerbose @method,@names|@clr|ReJITID:u8
    144 MethodUnloadVerbose @method,@names|@clr|ReJITID:u8
    145 MethodJittingStarted MethodID:u8,ModuleID:u8,MethodToken:u4,MethodILSize:u4,@names|@clr
    146 MethodJitMemoryAllocatedForCode MethodID:u8,ModuleID:u8,JitHotCodeRequestSize:u8,\
    JitRODataRequestSize:u8,AllocatedSizeForJitCode:u8,JitAllocFlag:u4,@clr
    151 DomainModuleLoad ModuleID:u8,AssemblyID:u8,AppDomainID:u8,@paths
    152 ModuleLoad ModuleID:u8,AssemblyID:u8,@paths|@pdbs
    153 ModuleUnload ModuleID:u8,AssemblyID:u8,@paths|@pdbs
    154 AssemblyLoad AssemblyID:u8,AppDomainID:u8,BindingID:u8,AssemblyFlags:u4,\
    FullyQualifiedAssemblyName:s,@clr
    155 AssemblyUnload AssemblyID:u8,AppDomainID:u8,BindingID:u8,AssemblyFlags:u4,\
    FullyQualifiedAssemblyName:s,@clr
    156 AppDomainLoad AppDomainID:u8,AppDomainFlags:u4,AppDomainName:s|AppDomainIndex:u4,@clr
    157 AppDomainUnload AppDomainID:u8,AppDomainFlags:u4,AppDomainName:s|AppDomainIndex:u4,@clr
    158 ModuleRangeLoad @clr,ModuleID:u8,RangeBegin:u4,RangeSize:u4,RangeType:u1
    159 R2RGetEntryPoint MethodID:u8,@names,EntryPoint:u8,@clr
    160 R2RGetEntryPointStart MethodID:u8,@clr
    185 MethodJitInliningSucceeded @compiled,InlinerNamespace:s,InlinerName:s,\
    InlinerNameSignature:s,InlineeNamespace:s,InlineeName:s,InlineeNameSignature:s,@clr
    186 MethodJitInliningFailed @compiled,InlinerNamespace:s,InlinerName:s,\
    InlinerNameSignature:s,InlineeNamespace:s,InlineeName:s,InlineeNameSignature:s,\
    FailAlways:b,FailReason:a,@clr
    187 RuntimeInformationStart @clr,Sku:u2,BclMajorVersion:u2,BclMinorVersion:u2,\
    BclBuildNumber:u2,BclQfeNumber:u2,VMMajorVersion:u2,VMMinorVersion:u2,VMBuildNumber:u2,\
    VMQfeNumber:u2,StartupFlags:u4,StartupMode:u1,CommandLine:s,ComObjectGuid:g,RuntimeDllPath:s
    188 MethodJitTailCallSucceeded @compiled,CallerNamespace:s,CallerName:s,\
    CallerNameSignature:s,CalleeNamespace:s,CalleeName:s,CalleeNameSignature:s,TailPrefix:b,\
    TailCallType:u4,@clr
    189 MethodJitTailCallFailed @compiled,CallerNamespace:s,CallerName:s,\
    CallerNameSignature:s,CalleeNamespace:s,CalleeName:s,CalleeNameSignature:s,TailPrefix:b,\
    FailReason:a,@clr
    190 MethodILToNativeMap @map
    200 IncreaseMemoryPressure BytesAllocated:u8,@clr
    201 DecreaseMemoryPressure BytesFreed:u8,@clr
    202 GCMarkWithType HeapNum:u4,@clr,Type:u4,Promoted:u8
    204 GCPerHeapHistory |||@clr,FreeListAllocated:p,FreeListRejected:p,EndOfSegAllocated:p,\
    CondemnedAllocated:p,PinnedAllocated:p,PinnedAllocatedAdvance:p,\
    RunningFreeListEfficiency:u4,CondemnReasons0:u4,CondemnReasons1:u4,CompactMechanisms:u4,\
    ExpandMechanisms:u4,HeapIndex:u4,ExtraGen0Commit:p,Count:u4,Values:rest
    205 GCGlobalHeapHistory FinalYoungestDesired:u8,NumHeaps:i4,CondemnedGeneration:u4,\
    Gen0ReductionCount:u4,Reason:u4,GlobalMechanisms:u4|@clr|PauseMode:u4,MemoryPressure:u4|\
    CondemnReasons0:u4,CondemnReasons1:u4|Count:u4,Values:rest
    203 GCJoin Heap:u4,JoinTime:u4,JoinType:u4|@clr|JoinID:u4
    208 GCLOHCompact @clr,Count:u2,Values:rest
    209 GCFitBucketInfo @clr,BucketKind:u2,TotalSize:u8,Count:u2,Values:rest
    250 ExceptionCatchStart EntryEIP:u8,MethodID:u8,MethodName:s,@clr
    251 ExceptionCatchStop
    252 ExceptionFinallyStart EntryEIP:u8,MethodID:u8,MethodName:s,@clr
    253 ExceptionFinallyStop
    254 ExceptionFilterStart EntryEIP:u8,MethodID:u8,MethodName:s,@clr
    255 ExceptionFilterStop
    256 ExceptionThrownStop
    281 TieredCompilationPause @clr
    282 TieredCompilationResume @clr,NewMethodCount:u4
    283 TieredCompilationBackgroundJitStart @clr,PendingMethodCount:u4
    284 TieredCompilationBackgroundJitStop @clr,PendingMethodCount:u4,JittedMethodCount:u4
    303 AllocationSampled AllocationKind:u4,@clr,TypeID:p,TypeName:s,Address:p,ObjectSize:u8,\
    SampledByteOffset:u8
    """
}
