/// The files of the server's page as bytes inside of the program.

#ifndef CMARTLET_PAGE_H
#define CMARTLET_PAGE_H

#include <stddef.h>

/// A file: its path below the page's folder, which ends with a zero, and its bytes. Both live as long as the program.
typedef struct {
    const char *path;
    const unsigned char *bytes;
    size_t count;
} mp_file;

/// How many files the page has.
size_t mp_file_count(void);

/// A file by its number, below `mp_file_count()`.
mp_file mp_file_at(size_t index);

#endif
