"""The desk (bàn làm việc): where a cooperative gets its stamps and an alliance confirms papers. No script needed."""
