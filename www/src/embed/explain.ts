// What explains the chosen edge in detail, with its styles.

import styles from "../styles/explain.css?inline";
import * as edgeView from "../views/edge/edge";
import { adopt } from "../lib/sheets";

export const create: typeof edgeView.create = (container, events) => {
  adopt(container, styles);
  return edgeView.create(container, events);
};
