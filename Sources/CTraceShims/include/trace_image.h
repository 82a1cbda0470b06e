// Which memory lasts as long as the process.
#ifndef TRACE_IMAGE_H
#define TRACE_IMAGE_H

#pragma clang assume_nonnull begin

/// True when the address lies in the writable static data of the program or of a library that it
/// has loaded. A library is then never unloaded: a later dlclose leaves it mapped. False for the
/// stack, the heap and any other memory.
///
/// Takes the dynamic linker's lock: not for signal handlers.
_Bool trace_pin_image(const void *address);

#pragma clang assume_nonnull end

#endif
