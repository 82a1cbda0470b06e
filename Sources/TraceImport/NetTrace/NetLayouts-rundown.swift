/// The fields of the CLR's own events, which a recording does not describe.
///
/// A line has the event's id, its name and its fields. A bar separates what each later version of
/// the event has added. The types are u1 to u8 and i4 (numbers of so many bytes), d (double), p
/// (pointer), s (UTF-16 with a NUL), a (bytes with a NUL), b (truth in 4 bytes), g (GUID), u4[] (as
/// many as the field "Count…" says) and rest (bytes up to the end).
extension NetLayouts {
  static let shorthands = [
    (
      "@method",
      "MethodID:u8,ModuleID:u8,MethodStartAddress:u8,MethodSize:u4,MethodToken:u4,"
        + "MethodFlags:u4"
    ),
    (
      "@names",
      "MethodNamespace:s,MethodName:s,MethodSignature:s"
    ),
    (
      "@map",
      "MethodID:u8,ReJITID:u8,MethodExtent:u1,CountOfMapEntries:u2,ILOffsets:u4[],"
        + "NativeOffsets:u4[],ClrInstanceID:u2"
    ),
    (
      "@paths",
      "ModuleFlags:u4,Reserved1:u4,ModuleILPath:s,ModuleNativePath:s|ClrInstanceID:u2"
    ),
    (
      "@pdbs",
      "ManagedPdbSignature:g,ManagedPdbAge:u4,ManagedPdbBuildPath:s,NativePdbSignature:g,"
        + "NativePdbAge:u4,NativePdbBuildPath:s"
    ),
    (
      "@compiled",
      "MethodBeingCompiledNamespace:s,MethodBeingCompiledName:s,"
        + "MethodBeingCompiledNameSignature:s"
    ),
    (
      "@workers",
      "ActiveWorkerThreadCount:u4,RetiredWorkerThreadCount:u4"
    ),
    (
      "@clr",
      "ClrInstanceID:u2"
    ),
  ]

  static let rundown = """
    0 CLRStackWalkDCStart @clr,Reserved1:u1,Reserved2:u1,FrameCount:u4,Stack:rest
    141 MethodDCStart @method|@clr|ReJITID:u8
    142 MethodDCEnd @method|@clr|ReJITID:u8
    143 MethodDCStartVerbose @method,@names|@clr|ReJITID:u8
    144 MethodDCEndVerbose @method,@names|@clr|ReJITID:u8
    145 DCStartComplete |@clr
    146 DCEndComplete |@clr
    147 DCStartInit |@clr
    148 DCEndInit |@clr
    149 MethodDCStartILToNativeMap @map
    150 MethodDCEndILToNativeMap @map
    151 DomainModuleDCStart ModuleID:u8,AssemblyID:u8,AppDomainID:u8,@paths
    152 DomainModuleDCEnd ModuleID:u8,AssemblyID:u8,AppDomainID:u8,@paths
    153 ModuleDCStart ModuleID:u8,AssemblyID:u8,@paths|@pdbs
    154 ModuleDCEnd ModuleID:u8,AssemblyID:u8,@paths|@pdbs
    155 AssemblyDCStart AssemblyID:u8,AppDomainID:u8,BindingID:u8,AssemblyFlags:u4,\
    FullyQualifiedAssemblyName:s,@clr
    156 AssemblyDCEnd AssemblyID:u8,AppDomainID:u8,BindingID:u8,AssemblyFlags:u4,\
    FullyQualifiedAssemblyName:s,@clr
    157 AppDomainDCStart AppDomainID:u8,AppDomainFlags:u4,AppDomainName:s|AppDomainIndex:u4,@clr
    158 AppDomainDCEnd AppDomainID:u8,AppDomainFlags:u4,AppDomainName:s|AppDomainIndex:u4,@clr
    159 ThreadDC ManagedThreadID:u8,AppDomainID:u8,Flags:u4,ManagedThreadIndex:u4,\
    OSThreadID:u4,@clr
    160 ModuleRangeDCStart @clr,ModuleID:u8,Ranges:rest
    161 ModuleRangeDCEnd @clr,ModuleID:u8,Ranges:rest
    187 RuntimeInformationDCStart @clr,Sku:u2,BclMajorVersion:u2,BclMinorVersion:u2,\
    BclBuildNumber:u2,BclQfeNumber:u2,VMMajorVersion:u2,VMMinorVersion:u2,VMBuildNumber:u2,\
    VMQfeNumber:u2,StartupFlags:u4,StartupMode:u1,CommandLine:s,ComObjectGuid:g,RuntimeDllPath:s
    """

  static let privateEvents = """
    199 PinPlugAtGCTime PlugStart:p,PlugEnd:p,GapBeforeSize:p,@clr
    """
}
