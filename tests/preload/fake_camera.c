// A V4L2 camera for a program that preloads this library, where a machine has none:
//
//   cc -shared -fPIC -O2 -o fake_camera.so fake_camera.c
//   FAKE_CAMERA='/dev/video0 1280 720 30 YUYV frame.raw' LD_PRELOAD=./fake_camera.so PROGRAM
//
// It gives the one picture of that file, as MJPG or YUYV, at that many frames a second. The variable
// FAKE_CAMERA_STATE names a file whose first letter says how the camera is, from then on:
//
//   g  gives pictures            f  flags each picture as damaged
//   e  fails each time with EIO  b  is busy: another program streams from it
//   s  is silent                 h  hangs while it is opened
//
// Without the file it is unplugged. What the program watches in /dev happens in the file's folder.
//
// All buffers hold the picture from the start, so that a frame costs the program no more than its
// ioctls, as with a camera whose driver is in the kernel. A program that is linked statically can't
// use it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BUFFERS = 8 };

static struct {
    char path[256];
    char file[1024];
    const char *state; // the file of that name, or NULL
    int is_gone;       // unplugged since it was opened
    unsigned width, height, fps;
    uint32_t format;
    int timer;  // what the program has as the device; readable once a frame is due
    int memory; // the buffers, one after the other
    size_t used, room; // bytes of the picture, and of a buffer
    unsigned buffers, first, queued;
    unsigned queue[MAX_BUFFERS];
    unsigned sequence;
} camera = {.timer = -1, .memory = -1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static long system_call(long number, long a, long b, long c, long d, long e, long f) {
    static long (*call)(long, ...);
    if (!call) call = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return call(number, a, b, c, d, e, f);
}

__attribute__((constructor)) static void configure(void) {
    char kind[8] = "";
    const char *text = getenv("FAKE_CAMERA");
    if (!text || sscanf(text, "%255s %u %u %u %7s %1023s", camera.path, &camera.width,
                        &camera.height, &camera.fps, kind, camera.file) != 6) {
        camera.path[0] = 0;
        return;
    }
    camera.state = getenv("FAKE_CAMERA_STATE");
    camera.format = strcmp(kind, "MJPG") ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG;
}

static int is_device(int fd) { return fd >= 0 && fd == camera.timer; }

static int fail(int error) {
    errno = error;
    return -1;
}

enum { UNPLUGGED = 0 };

static char state(void) {
    if (!camera.state) return 'g';
    char letter = 'g';
    int file = system_call(SYS_openat, AT_FDCWD, (long)camera.state, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (file < 0) return UNPLUGGED;
    if (read(file, &letter, 1) < 0) letter = 'e';
    system_call(SYS_close, file, 0, 0, 0, 0, 0);
    return letter;
}

static int open_device(void) {
    while (state() == 'h') usleep(10000);
    if (state() == UNPLUGGED) return fail(ENOENT);
    if (camera.timer >= 0) return fail(EBUSY);
    if (camera.memory >= 0) close(camera.memory);
    camera.is_gone = 0;
    camera.room = ((size_t)camera.width * camera.height * 2 + 4095) & ~(size_t)4095;
    camera.memory = memfd_create("fake_camera", MFD_CLOEXEC);
    if (camera.memory < 0 || ftruncate(camera.memory, camera.room * MAX_BUFFERS)) return -1;
    int file = system_call(SYS_openat, AT_FDCWD, (long)camera.file, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (file < 0) return -1;
    char *picture = malloc(camera.room);
    ssize_t length = picture ? read(file, picture, camera.room) : -1;
    close(file);
    if (length <= 0) return fail(EIO);
    camera.used = length;
    for (int at = 0; at < MAX_BUFFERS; at++)
        if (pwrite(camera.memory, picture, length, camera.room * at) != length) return fail(EIO);
    free(picture);
    camera.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return camera.timer;
}

int close(int fd) {
    if (is_device(fd)) camera.timer = -1;
    return system_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static int is_ours(const char *path) { return camera.path[0] && !strcmp(path, camera.path); }

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        int mode = va_arg(rest, int);                                                              \
        va_end(rest);                                                                              \
        if (is_ours(path)) return open_device();                                                   \
        return system_call(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);                   \
    }
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags) { return open(path, flags, 0); }

int __open64_2(const char *path, int flags) { return open(path, flags, 0); }

int access(const char *path, int mode) {
    if (is_ours(path)) return state() == UNPLUGGED ? fail(ENOENT) : 0;
    return system_call(SYS_access, (long)path, mode, 0, 0, 0, 0);
}

static int capability(struct v4l2_capability *answer) {
    memset(answer, 0, sizeof *answer);
    strcpy((char *)answer->driver, "fake");
    strcpy((char *)answer->card, "Fake Camera");
    strcpy((char *)answer->bus_info, "platform:fake");
    answer->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    answer->capabilities = answer->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int format(struct v4l2_format *answer) {
    struct v4l2_pix_format *pixels = &answer->fmt.pix;
    pixels->width = camera.width;
    pixels->height = camera.height;
    pixels->pixelformat = camera.format;
    pixels->field = V4L2_FIELD_NONE;
    pixels->bytesperline = camera.format == V4L2_PIX_FMT_YUYV ? camera.width * 2 : 0;
    pixels->sizeimage = camera.room;
    pixels->colorspace = V4L2_COLORSPACE_SRGB;
    return 0;
}

static int parameters(struct v4l2_streamparm *answer) {
    answer->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    answer->parm.capture.timeperframe = (struct v4l2_fract){1, camera.fps};
    return 0;
}

static int next_format(struct v4l2_fmtdesc *answer) {
    if (answer->index) return fail(EINVAL);
    answer->pixelformat = camera.format;
    return 0;
}

static int next_size(struct v4l2_frmsizeenum *answer) {
    if (answer->index || answer->pixel_format != camera.format) return fail(EINVAL);
    answer->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    answer->discrete.width = camera.width;
    answer->discrete.height = camera.height;
    return 0;
}

static int next_interval(struct v4l2_frmivalenum *answer) {
    if (answer->index || answer->pixel_format != camera.format) return fail(EINVAL);
    answer->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    answer->discrete = (struct v4l2_fract){1, camera.fps};
    return 0;
}

static int request(struct v4l2_requestbuffers *answer) {
    if (answer->count > MAX_BUFFERS) answer->count = MAX_BUFFERS;
    camera.buffers = answer->count;
    camera.queued = 0;
    return 0;
}

static int query(struct v4l2_buffer *answer) {
    if (answer->index >= camera.buffers) return fail(EINVAL);
    answer->length = camera.room;
    answer->m.offset = answer->index * camera.room;
    return 0;
}

static int enqueue(struct v4l2_buffer *buffer) {
    if (buffer->index >= camera.buffers || camera.queued >= camera.buffers) return fail(EINVAL);
    camera.queue[(camera.first + camera.queued++) % MAX_BUFFERS] = buffer->index;
    return 0;
}

static int dequeue(struct v4l2_buffer *answer) {
    uint64_t expirations;
    char now_is = state();
    if (read(camera.timer, &expirations, sizeof expirations) < 0) return fail(EAGAIN);
    if (now_is == 'e') return fail(EIO);
    if (now_is == 's') return fail(EAGAIN);
    if (!camera.queued) return fail(EAGAIN);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    answer->index = camera.queue[camera.first];
    camera.first = (camera.first + 1) % MAX_BUFFERS;
    camera.queued--;
    answer->bytesused = camera.used;
    answer->length = camera.room;
    answer->sequence = camera.sequence++;
    answer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    if (now_is == 'f') answer->flags |= V4L2_BUF_FLAG_ERROR;
    answer->timestamp.tv_sec = now.tv_sec;
    answer->timestamp.tv_usec = now.tv_nsec / 1000;
    return 0;
}

static int stream(int on) {
    long interval = on ? 1000000000 / camera.fps : 0;
    struct timespec time = {interval / 1000000000, interval % 1000000000};
    struct itimerspec timer = {time, time};
    if (!on) camera.queued = 0;
    return timerfd_settime(camera.timer, 0, &timer, NULL);
}

static int answer(uint32_t number, void *data) {
    if (state() == UNPLUGGED) camera.is_gone = 1;
    if (camera.is_gone) return fail(ENODEV);
    switch (number) {
    case (uint32_t)VIDIOC_QUERYCAP: return capability(data);
    case (uint32_t)VIDIOC_S_INPUT: return 0;
    case (uint32_t)VIDIOC_S_FMT:
        if (state() == 'b') return fail(EBUSY);
        return format(data);
    case (uint32_t)VIDIOC_G_FMT:
    case (uint32_t)VIDIOC_TRY_FMT: return format(data);
    case (uint32_t)VIDIOC_G_PARM:
    case (uint32_t)VIDIOC_S_PARM: return parameters(data);
    case (uint32_t)VIDIOC_ENUM_FMT: return next_format(data);
    case (uint32_t)VIDIOC_ENUM_FRAMESIZES: return next_size(data);
    case (uint32_t)VIDIOC_ENUM_FRAMEINTERVALS: return next_interval(data);
    case (uint32_t)VIDIOC_REQBUFS: return request(data);
    case (uint32_t)VIDIOC_QUERYBUF: return query(data);
    case (uint32_t)VIDIOC_QBUF: return enqueue(data);
    case (uint32_t)VIDIOC_DQBUF: return dequeue(data);
    case (uint32_t)VIDIOC_STREAMON: return stream(1);
    case (uint32_t)VIDIOC_STREAMOFF: return stream(0);
    case (uint32_t)VIDIOC_QUERYCTRL: return fail(EINVAL);
    default: return fail(ENOTTY);
    }
}

static int locked_answer(uint32_t number, void *data) {
    pthread_mutex_lock(&lock);
    int result = answer(number, data);
    pthread_mutex_unlock(&lock);
    return result;
}

int ioctl(int fd, unsigned long number, ...) {
    va_list rest;
    va_start(rest, number);
    void *data = va_arg(rest, void *);
    va_end(rest);
    if (is_device(fd)) return locked_answer(number, data);
    return system_call(SYS_ioctl, fd, number, (long)data, 0, 0, 0);
}

// Some programs call ioctl by its number.
long syscall(long number, ...) {
    va_list rest;
    long v[6];
    va_start(rest, number);
    for (int at = 0; at < 6; at++) v[at] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_ioctl && is_device(v[0])) return locked_answer(v[1], (void *)v[2]);
    return system_call(number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

void *mmap(void *start, size_t length, int protection, int flags, int fd, off_t offset) {
    if (is_device(fd)) fd = camera.memory;
    return (void *)system_call(SYS_mmap, (long)start, length, protection, flags, fd, offset);
}

void *mmap64(void *start, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap(start, length, protection, flags, fd, offset);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    char folder[1024];
    if (camera.state && !strcmp(path, "/dev") && strlen(camera.state) < sizeof folder)
        path = dirname(strcpy(folder, camera.state));
    return system_call(SYS_inotify_add_watch, fd, (long)path, mask, 0, 0, 0);
}
