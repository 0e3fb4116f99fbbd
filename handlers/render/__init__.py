"""What people see: cards, sentences, dialogs, Home."""
