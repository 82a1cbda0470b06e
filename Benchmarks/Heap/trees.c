// Builds and frees binary trees: half of its time is spent in malloc and free.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
  struct node *left, *right;
  char name[40];
};

static struct node *make(int depth, int number) {
  struct node *node = malloc(sizeof *node);
  snprintf(node->name, sizeof node->name, "node %d at %d", number, depth);
  node->left = depth > 0 ? make(depth - 1, 2 * number) : NULL;
  node->right = depth > 0 ? make(depth - 1, 2 * number + 1) : NULL;
  return node;
}

static size_t drop(struct node *node) {
  size_t length = strlen(node->name);
  if (node->left) length += drop(node->left) + drop(node->right);
  free(node);
  return length;
}

int main(int count, char **arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 40;
  size_t length = 0;
  for (int round = 0; round < rounds; round++) length += drop(make(15, 1));
  printf("%zu\n", length);
}
