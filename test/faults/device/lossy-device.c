// A device that loses unsynced writes, as a library for LD_PRELOAD: every write below LOSSY_FOLDER is done and remembered
// until its file is synced; at the change with the number LOSSY_CHANGES what was not synced is undone, and the process ends
// before it. Changes are writes, syncs, renames and removals, or those of the one kind that LOSSY_KIND names. With
// LOSSY_KEEPS nothing is undone, as after kill -9; with LOSSY_FULL the process goes on, and the device takes no more writes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
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
static long changes;
static int is_full;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *), (*real_unlink)(const char *), (*real_remove)(const char *);

__attribute__((constructor)) static void find(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_remove = dlsym(RTLD_NEXT, "remove");
}

static int is_in_folder(const char *path) {
  const char *folder = getenv("LOSSY_FOLDER");
  return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_on_device(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_in_folder(path);
}

static void lose(void) {
  if (getenv("LOSSY_KEEPS") != NULL) _exit(137);
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

// Ends the process when its time has come.
static void count_change(const char *kind) {
  const char *limit = getenv("LOSSY_CHANGES"), *counted = getenv("LOSSY_KIND");
  if (counted != NULL && strcmp(counted, kind) != 0) return;
  if (limit == NULL || ++changes < atol(limit)) return;
  if (getenv("LOSSY_FULL") == NULL) lose();
  is_full = 1;
}

static ssize_t refuse(void) {
  errno = ENOSPC;
  return -1;
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
  count_change("write");
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
  ssize_t n = is_full ? refuse() : real_pwrite(fd, bytes, length, at);
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
  ssize_t n = is_full ? refuse() : real_write(fd, bytes, length);
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

static int lossy_sync(int fd, int (*real_sync)(int)) {
  if (!is_on_device(fd)) return real_sync(fd);
  pthread_mutex_lock(&lock);
  count_change("sync");
  int result = real_sync(fd);
  if (result == 0) forget(fd);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return lossy_sync(fd, real_fsync); }
int fdatasync(int fd) { return lossy_sync(fd, real_fdatasync); }

static void count_change_of(const char *path, const char *kind) {
  if (!is_in_folder(path)) return;
  pthread_mutex_lock(&lock);
  count_change(kind);
  pthread_mutex_unlock(&lock);
}

int rename(const char *from, const char *to) {
  count_change_of(to, "rename");
  return real_rename(from, to);
}

int unlink(const char *path) {
  count_change_of(path, "removal");
  return real_unlink(path);
}

int remove(const char *path) {
  count_change_of(path, "removal");
  return real_remove(path);
}
