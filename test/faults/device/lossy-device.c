// A device that loses unsynced writes, as a library for LD_PRELOAD: every write below LOSSY_FOLDER is done and remembered
// until its file is synced; at the write with the number LOSSY_WRITES what was not synced is undone, and the process ends.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct undo {
  struct undo *older;
  dev_t device;
  ino_t inode;
  int fd; // a copy, which outlives the file's own
  off_t at, size; // place of the old bytes, and length of the file before
  size_t length;
  char *bytes;
};

static struct undo *newest;
static long writes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void find(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
}

static int is_on_device(int fd) {
  const char *folder = getenv("LOSSY_FOLDER");
  char link[64], path[PATH_MAX];
  if (folder == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

static void lose(void) {
  for (struct undo *entry = newest; entry != NULL; entry = entry->older) {
    for (size_t done = 0; done < entry->length;) {
      ssize_t n = real_pwrite(entry->fd, entry->bytes + done, entry->length - done, entry->at + done);
      if (n <= 0) break;
      done += n;
    }
    real_ftruncate(entry->fd, entry->size);
  }
  _exit(137);
}

// Remembers what stands at a place before it is changed.
static void remember(int fd, off_t at, size_t length) {
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return;
  struct undo *entry = calloc(1, sizeof *entry);
  entry->device = file.st_dev;
  entry->inode = file.st_ino;
  entry->at = at;
  entry->size = file.st_size;
  entry->length = at >= file.st_size ? 0 : (size_t)(file.st_size - at) < length ? (size_t)(file.st_size - at) : length;
  entry->bytes = malloc(entry->length + 1);
  entry->fd = -1;
  for (struct undo *other = newest; other != NULL && entry->fd < 0; other = other->older)
    if (other->device == entry->device && other->inode == entry->inode) entry->fd = other->fd;
  if (entry->fd < 0) {
    // Opened again, as the file may be open for writing only.
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    entry->fd = open(link, O_RDWR | O_CLOEXEC);
  }
  if (entry->length > 0 && pread(entry->fd, entry->bytes, entry->length, at) != (ssize_t)entry->length) abort();
  entry->older = newest;
  newest = entry;
  const char *limit = getenv("LOSSY_WRITES");
  if (limit != NULL && ++writes >= atol(limit)) lose();
}

static void forget(int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  int copy = -1;
  for (struct undo **place = &newest; *place != NULL;) {
    struct undo *entry = *place;
    if (entry->device != file.st_dev || entry->inode != file.st_ino) {
      place = &entry->older;
      continue;
    }
    *place = entry->older;
    copy = entry->fd;
    free(entry->bytes);
    free(entry);
  }
  if (copy >= 0) close(copy);
}

static ssize_t lossy_pwrite(int fd, const void *bytes, size_t length, off_t at) {
  if (!is_on_device(fd)) return real_pwrite(fd, bytes, length, at);
  pthread_mutex_lock(&lock);
  remember(fd, at, length);
  ssize_t n = real_pwrite(fd, bytes, length, at);
  pthread_mutex_unlock(&lock);
  return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return lossy_pwrite(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return lossy_pwrite(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (real_write == NULL) find();
  if (fd <= 2 || !is_on_device(fd)) return real_write(fd, bytes, length);
  pthread_mutex_lock(&lock);
  struct stat file;
  fstat(fd, &file);
  remember(fd, (fcntl(fd, F_GETFL) & O_APPEND) ? file.st_size : lseek(fd, 0, SEEK_CUR), length);
  ssize_t n = real_write(fd, bytes, length);
  pthread_mutex_unlock(&lock);
  return n;
}

static int lossy_ftruncate(int fd, off_t size) {
  if (!is_on_device(fd)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  struct stat file;
  fstat(fd, &file);
  remember(fd, size, size < file.st_size ? (size_t)(file.st_size - size) : 0);
  int result = real_ftruncate(fd, size);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int fd, off_t size) { return lossy_ftruncate(fd, size); }
int ftruncate64(int fd, off_t size) { return lossy_ftruncate(fd, size); }

int fsync(int fd) {
  int result = real_fsync(fd);
  if (result == 0 && is_on_device(fd)) {
    pthread_mutex_lock(&lock);
    forget(fd);
    pthread_mutex_unlock(&lock);
  }
  return result;
}

int fdatasync(int fd) {
  int result = real_fdatasync(fd);
  if (result == 0 && is_on_device(fd)) {
    pthread_mutex_lock(&lock);
    forget(fd);
    pthread_mutex_unlock(&lock);
  }
  return result;
}
