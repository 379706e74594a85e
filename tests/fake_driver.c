/* A driver of no device: what it says stands in the environment. */
#include <stdlib.h>
#include <stdint.h>
#include <string.h>

static int told(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

int cuInit(unsigned flags) { return told("FAKE_INIT", 0); }
int cuDriverGetVersion(int *version) { *version = told("FAKE_VERSION", 13000); return 0; }
int cuDeviceGetCount(int *count) { *count = told("FAKE_COUNT", 1); return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return 0; }
int cuDeviceGetName(char *name, int room, int device) { strncpy(name, "Fake", room); return 0; }
int cuDeviceGetAttribute(int *found, int attribute, int device) {
    int capability = told("FAKE_CAPABILITY", 90) - 20 * (device == 1);
    *found = attribute == 75 ? capability / 10 : capability % 10;
    return 0;
}
int cuPointerGetAttribute(void *found, int attribute, uint64_t pointer) {
    *(int *)found = pointer >> 40;
    return attribute == 9 ? 0 : 1;
}
int cuGetErrorName(int number, const char **name) {
    *name = number == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : "CUDA_ERROR";
    return 0;
}
