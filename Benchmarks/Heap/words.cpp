// Counts words in a map of strings, as servers do: many small allocations, copies and frees.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

int main(int count, char **arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 15;
  size_t total = 0;
  for (int round = 0; round < rounds; round++) {
    std::map<std::string, std::vector<std::string>> lines;
    unsigned state = 1;
    for (int i = 0; i < 60000; i++) {
      state = state * 1103515245 + 12345;
      std::string word = "a word that is not short " + std::to_string(state >> 18);
      lines[word].push_back(word + " in line " + std::to_string(i));
    }
    for (auto &[word, list] : lines) total += list.size();
  }
  printf("%zu\n", total);
}
