#include "CTraceShims.h"
